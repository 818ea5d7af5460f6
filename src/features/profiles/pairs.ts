import type { Tx } from '../../kernel/events.ts'
import type { ProfileModels } from './model.ts'

/** Same for both directions. */
export function pairKey(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`
}

/**
 * Claims what stands between two people for this transaction. A follow and a block write different rows, and each could miss the other in
 * its snapshot; both move this row, so the later one runs again and sees the earlier.
 */
export async function takeTurn(_tx: Tx, { Pairs }: Pick<ProfileModels, 'Pairs'>, a: string, b: string): Promise<void> {
  await Pairs.updateOne({ _id: pairKey(a, b) }, { $inc: { turns: 1 } }, { upsert: true })
}
