import { createHash } from 'node:crypto'
import { openLmdb } from '../../../src/embedded-mongo/storage/lmdb-storage.ts'
import { rangeOf } from '../../../src/embedded-mongo/keys.ts'

/** A child that is told files, and says of each what a store would make of it. It may die of one: that is why it is a child. */
process.on('message', (file: string) => {
  void judge(file).then((verdict) => process.send?.(verdict))
})

async function judge(file: string): Promise<string> {
  try {
    const storage = openLmdb(file, { floorBytes: 0 })
    storage.verify(Number.POSITIVE_INFINITY)
    const hash = createHash('sha256')
    const view = storage.snapshot()
    const { start, end } = rangeOf.everything()
    for (const { key, value } of view.range(start, end, false)) hash.update(key, 'latin1').update(value)
    view.release()
    await storage.close()
    return hash.digest('hex')
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message.slice(0, 100) : 'unknown'}`
  }
}
