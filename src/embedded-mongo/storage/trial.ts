import { openLmdb } from './lmdb-storage.ts'

/** A child's only job: open a file and read every record of it. Whatever goes wrong, the parent lives and is told. */
const file = process.argv[2] as string
try {
  openLmdb(file, () => {}).verify()
  process.exit(0)
} catch (error) {
  const message = error instanceof Error ? error.message : 'unreadable'
  if (process.send) process.send(message, () => process.exit(1))
  else process.exit(1)
}
