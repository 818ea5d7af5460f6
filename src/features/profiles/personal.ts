import type { Context } from '../../kernel/context.ts'
import type { PersonalData } from '../../kernel/feature.ts'
import { randomHex } from '../../kernel/ids.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Follows } from './follows.ts'
import type { ProfileModels } from './model.ts'
import type { CreatorPresenter } from './present.ts'
import type { Standing } from './standing.ts'

const maxRows = 10_000
const erasedName = 'Deleted user'

/** A profile, whom its owner follows, and whom he keeps away. */
export function createProfilePersonal({
  models,
  follows,
  standing,
  presenter,
  unitOfWork,
  context,
}: {
  models: ProfileModels
  follows: Pick<Follows, 'part'>
  standing: Standing
  presenter: CreatorPresenter
  unitOfWork: UnitOfWork
  context: () => Context
}): PersonalData {
  const { Profiles, Follows, Barriers } = models

  return { name: 'profile', read, erase }

  async function read(userId: string): Promise<unknown> {
    const [profile, following, barriers] = await Promise.all([
      Profiles.findById(userId).lean(),
      Follows.find({ follower_id: userId }).limit(maxRows).lean(),
      Barriers.find({ by: userId }).limit(maxRows).lean(),
    ])
    return {
      creator: profile ? await presenter.presentOwn(profile) : null,
      following: following.map((row) => ({ creator_id: row.creator_id, since: row.created_at.toISOString() })),
      kept_away: barriers.map((row) => ({ user_id: row.whom, kind: row.kind, since: row.created_at.toISOString() })),
    }
  }

  async function erase(userId: string): Promise<void> {
    const following = await Follows.find({ $or: [{ follower_id: userId }, { creator_id: userId }] }, { follower_id: 1, creator_id: 1 }).lean()
    for (const { follower_id, creator_id } of following) await unitOfWork.run(context(), (tx) => follows.part(tx, follower_id, creator_id))
    await unitOfWork.run(context(), async (tx) => {
      const set = { handle: `deleted_${randomHex(8)}`, name: erasedName, name_key: erasedName.toLowerCase(), bio: '', avatar_url: null, tags: [], shows_earnings: false, hidden_at: new Date(0) }
      const row = await Profiles.findOneAndUpdate({ _id: userId }, { $set: set, $unset: { bank_account: 1, bank_changed_at: 1 } }, { returnDocument: 'after' }).lean()
      if (row) await standing.index(tx, row)
    })
    await Barriers.deleteMany({ by: userId })
  }
}
