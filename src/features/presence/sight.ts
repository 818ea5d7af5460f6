import type { AccountService } from '../accounts/index.ts'
import type { Company } from '../messaging/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { Present } from './attendance.ts'
import type { Presence } from './contract.ts'
import type { PresenceModels } from './model.ts'

export type Sight = ReturnType<typeof createSight>

/** Who may know of whom, and what there is to know. */
export function createSight({ models: { Rows }, relations, profiles, company, accounts }: { models: PresenceModels; relations: Relations; profiles: Pick<Profiles, 'followedAmong'>; company: Company; accounts: Pick<AccountService, 'livingAmong'> }) {
  return Object.freeze({ openTo, hides, presenceOf })

  /** Those of `others` who are no strangers: one talks with them, or follows them, and no block stands between. */
  async function openTo(viewer: string, others: readonly string[]): Promise<Set<string>> {
    const [known, followed, regards] = await Promise.all([company.among(viewer, others), profiles.followedAmong(viewer, others), relations.among(viewer, others)])
    return new Set(others.filter((each) => each === viewer || ((known.has(each) || followed.has(each)) && regards.get(each)?.blocked !== true)))
  }

  async function hides(userId: string): Promise<boolean> {
    return (await Rows.exists({ _id: userId, hides: true })) !== null
  }

  /** As anybody who may know it is told: of whoever hides, or has no account any more, only that they are not there. */
  async function presenceOf(userIds: readonly string[], states: ReadonlyMap<string, Present>): Promise<Map<string, Presence>> {
    const [rows, living] = await Promise.all([Rows.find({ _id: { $in: userIds } }).lean(), accounts.livingAmong(userIds)])
    const known = new Map(rows.map((row) => [row._id, row]))
    return new Map(
      userIds.map((user_id) => {
        const row = known.get(user_id)
        if (row?.hides || !living.has(user_id)) return [user_id, nothingOf(user_id)]
        const state = states.get(user_id)
        if (state) return [user_id, { user_id, state }]
        return [user_id, { ...nothingOf(user_id), ...(row?.last_seen_at ? { last_seen_at: row.last_seen_at.toISOString() } : {}) }]
      }),
    )
  }
}

export function nothingOf(user_id: string): Presence {
  return { user_id, state: 'offline' }
}
