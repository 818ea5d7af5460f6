import { type MessagingModels, participationId } from './model.ts'

/** groups that were silent for longer than so many others are not looked through */
const maxGroups = 1_000

export type Company = ReturnType<typeof createCompany>

/** Who is no stranger: both are in a conversation between the two, or in a group. A creator's room is no such company. */
export function createCompany({ Conversations, Participations }: MessagingModels) {
  return Object.freeze({ among, partnersAfter, lastSeat })

  async function among(userId: string, others: readonly string[]): Promise<Set<string>> {
    const wanted = new Set(others)
    wanted.delete(userId)
    if (wanted.size === 0) return new Set()
    const met = await metDirectly(userId, [...wanted])
    if (met.size === wanted.size) return met
    for (const each of await inGroupsOf(userId)) if (wanted.has(each)) met.add(each)
    return met
  }

  /**
   * Those with whom somebody has a conversation between the two, in the order in which these began, up to a seat of theirs.
   * @returns a page, and the last seat of it when there may be more
   */
  async function partnersAfter(userId: string, { after, upTo, limit }: { after: string; upTo: string; limit: number }): Promise<{ user_ids: string[]; last: string | undefined }> {
    const seats = await Participations.find({ user_id: userId, state: 'joined', _id: { $gt: after, $lte: upTo } }, { conversation_id: 1 }).sort({ _id: 1 }).limit(limit).lean()
    const pairs = await Conversations.find({ _id: { $in: seats.map((row) => row.conversation_id) }, type: 'direct' }, { member_ids: 1 }).lean()
    const user_ids = pairs.flatMap((row) => row.member_ids ?? []).filter((each) => each !== userId)
    return { user_ids, last: seats.length === limit ? seats.at(-1)?._id : undefined }
  }

  async function lastSeat(userId: string): Promise<string> {
    const row = await Participations.findOne({ user_id: userId }, { _id: 1 }).sort({ _id: -1 }).lean()
    return row?._id ?? ''
  }

  // Whoever has not accepted a request yet is not in it: the stranger learns nothing of them.
  async function metDirectly(userId: string, others: readonly string[]): Promise<Set<string>> {
    const pairs = await Conversations.find({ pair: { $in: others.map((each) => [userId, each].toSorted().join('+')) } }, { member_ids: 1 }).lean()
    const seats = pairs.flatMap(({ _id, member_ids }) => (member_ids ?? []).map((each) => participationId(_id, each)))
    const joined = await Participations.find({ _id: { $in: seats }, state: 'joined' }, { user_id: 1, conversation_id: 1 }).lean()
    const own = new Set(joined.filter((row) => row.user_id === userId).map((row) => row.conversation_id))
    return new Set(joined.filter((row) => row.user_id !== userId && own.has(row.conversation_id)).map((row) => row.user_id))
  }

  async function inGroupsOf(userId: string): Promise<Set<string>> {
    const seats = await Participations.find({ user_id: userId, state: 'joined' }, { conversation_id: 1 }).sort({ last_message_at: -1 }).limit(maxGroups).lean()
    const groups = await Conversations.find({ _id: { $in: seats.map((row) => row.conversation_id) }, type: 'group' }, { member_ids: 1 }).lean()
    return new Set(groups.flatMap((row) => row.member_ids ?? []))
  }
}
