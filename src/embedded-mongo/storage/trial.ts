import { openLmdb } from './lmdb-storage.ts'

/** A child's only job: open a file and read its records. Whatever goes wrong, the parent lives and is told. */
const file = process.argv[2] as string
const budgetMs = Number(process.argv[3])
try {
  openLmdb(file).verify(budgetMs)
  process.exit(0)
} catch (error) {
  const message = error instanceof Error ? error.message : 'unreadable'
  if (process.send) process.send(message, () => process.exit(1))
  else process.exit(1)
}
