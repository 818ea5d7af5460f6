import type { Wall } from '../../kernel/clock.ts'
import type { PayoutModels } from './model.ts'

export type Freeze = ReturnType<typeof createFreeze>

/** While an invariant does not hold, no money leaves. Only a check of everything that finds nothing ends it. */
export function createFreeze({ models: { Freezes }, wall }: { models: PayoutModels; wall: Wall }) {
  return Object.freeze({ reason, follow })

  async function reason(): Promise<string | undefined> {
    return (await Freezes.findById('freeze').lean())?.reason
  }

  /** @param violations what a check found @param full whether it walked everything, from the first row on */
  async function follow(violations: readonly { check: string }[], full: boolean): Promise<void> {
    const now = violations[0]?.check
    const before = await reason()
    if (now !== undefined && before === undefined) await Freezes.updateOne({ _id: 'freeze' }, { $set: { reason: `the books do not add up (${now})`, since: wall.now() } }, { upsert: true })
    if (now === undefined && before !== undefined && full) await Freezes.deleteOne({ _id: 'freeze' })
  }
}
