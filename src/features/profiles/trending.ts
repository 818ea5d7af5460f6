import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { ProfileModels } from './model.ts'
import type { Standing } from './standing.ts'

const dayMs = 24 * 3600_000
const windowMs = 7 * dayMs
const batch = 200

export type Trending = ReturnType<typeof createTrending>

/**
 * Who is talked about: the number of people who followed or tipped a creator in the last seven days, each counted once a day. People, not
 * amounts or clicks: nobody trends by tipping himself up, nor by following and unfollowing all day. The rows are the truth; a sweep takes
 * new ones into the score and old ones out of it, both in batches.
 */
export function createTrending({ models, standing, unitOfWork, context, clock }: { models: ProfileModels; standing: Standing; unitOfWork: UnitOfWork; context: () => Context; clock: Clock }) {
  const { Attention } = models

  return Object.freeze({ note, runDue })

  /** @param at when it happened, by the business clock. A second delivery of the same news finds the row there. */
  async function note({ creator_id, person_id, at }: { creator_id: string; person_id: string; at: string }): Promise<void> {
    const day = at.slice(0, 10)
    const until = new Date(Date.parse(day) + windowMs)
    if (until <= clock.now()) return
    try {
      await Attention.updateOne({ _id: `${creator_id}|${person_id}|${day}` }, { $setOnInsert: { creator_id, counted: false, until } }, { upsert: true })
    } catch (error) {
      // Two at once: the other one wrote it.
      if ((error as { code?: unknown }).code !== 11000) throw error
    }
  }

  async function runDue(): Promise<void> {
    while (await anyDue()) await unitOfWork.run(context(), async (tx) => {
      const fresh = await Attention.find({ counted: false }).limit(batch).lean()
      const over = await Attention.find(expired()).limit(batch).lean()
      await Attention.updateMany({ _id: { $in: fresh.map((each) => each._id) } }, { $set: { counted: true } })
      await Attention.deleteMany({ _id: { $in: over.map((each) => each._id) } })
      const changes = new Map<string, number>()
      for (const { creator_id } of fresh) changes.set(creator_id, (changes.get(creator_id) ?? 0) + 1)
      for (const { creator_id } of over) changes.set(creator_id, (changes.get(creator_id) ?? 0) - 1)
      for (const [creatorId, trending] of [...changes].toSorted(([a], [b]) => (a < b ? -1 : 1))) if (trending !== 0) await standing.move(tx, creatorId, { trending })
    })
  }

  async function anyDue(): Promise<boolean> {
    return (await Attention.exists({ counted: false })) !== null || (await Attention.exists(expired())) !== null
  }

  function expired() {
    return { counted: true, until: { $lte: clock.now() } }
  }
}
