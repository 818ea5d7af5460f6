import type { Clock } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Vault } from '../../platform/vault.ts'
import { userOf } from '../accounts/index.ts'
import type { Creator, OwnCreator, UpdateCreator } from './contract.ts'
import type { ProfileModel, ProfileRow } from './model.ts'

const defaultLimit = 20

export type ProfileService = ReturnType<typeof createProfileService>

export function createProfileService({
  Profiles,
  vault,
  cursors,
  clock,
  earningsOf,
}: {
  Profiles: ProfileModel
  vault: Vault
  cursors: Cursors
  clock: Clock
  /** asked only for creators who show them */
  earningsOf: (creatorId: string) => Promise<number>
}) {
  return Object.freeze({ read, mine, update, search, creator, open })

  async function read(_ctx: Context, { creator_id }: { creator_id: string }): Promise<Creator> {
    return present(await creator(creator_id))
  }

  async function mine(ctx: Context): Promise<OwnCreator> {
    return presentOwn(await creator(userOf(ctx).user_id))
  }

  async function update(ctx: Context, input: UpdateCreator): Promise<OwnCreator> {
    const { user_id } = userOf(ctx)
    const { full_name, bank_account, ...rest } = input
    const set: Partial<ProfileRow> = { ...rest, updated_at: clock.now() }
    if (full_name !== undefined) Object.assign(set, { name: full_name, name_key: nameKey(full_name) })
    if (typeof bank_account === 'string') set.bank_account = vault.seal(bank_account, user_id)
    const changed = await Profiles.findOneAndUpdate(
      { _id: user_id },
      { $set: set, ...(bank_account === null ? { $unset: { bank_account: 1 } } : {}) },
      { returnDocument: 'after' },
    ).lean()
    ensure(changed, 'not-found')
    return presentOwn(changed)
  }

  /** By the beginning of the name. The term is taken literally. */
  async function search(ctx: Context, { q = '', limit = defaultLimit, cursor }: { q?: string; limit?: number; cursor?: string }): Promise<Page<Creator>> {
    const term = nameKey(q)
    const list = `creator:search|${principalOf(ctx.actor)}|${term}`
    const [afterName, afterId] = cursor ? cursors.read(list, cursor) : []
    const inRange = { $gte: term, $lt: `${term}\uffff` }
    const after = afterName === undefined ? {} : { $or: [{ name_key: { $gt: afterName } }, { name_key: afterName, _id: { $gt: afterId } }] }
    const rows = await Profiles.find({ $and: [{ name_key: inRange }, after] })
      .sort({ name_key: 1, _id: 1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(list, [row.name_key, row._id]))
    return { ...page, data: await Promise.all(page.data.map(present)) }
  }

  /** @throws AppError `not-found` */
  async function creator(creatorId: string): Promise<ProfileRow> {
    return (await Profiles.findById(creatorId).lean()) ?? fail('not-found')
  }

  /** A creator who signs up has a profile from that moment; a second delivery of the news finds it there. */
  async function open({ user_id, full_name }: { user_id: string; full_name: string }): Promise<void> {
    const now = clock.now()
    await Profiles.updateOne(
      { _id: user_id },
      { $setOnInsert: { name: full_name, name_key: nameKey(full_name), bio: '', avatar_url: null, shows_earnings: false, followers: 0, created_at: now, updated_at: now } },
      { upsert: true },
    )
  }

  async function present(row: ProfileRow): Promise<Creator> {
    return { id: row._id, name: row.name, bio: row.bio, avatar: row.avatar_url, earnings: row.shows_earnings ? await earningsOf(row._id) : null, followers: row.followers }
  }

  async function presentOwn(row: ProfileRow): Promise<OwnCreator> {
    return {
      ...(await present(row)),
      earnings: await earningsOf(row._id),
      full_name: row.name,
      bank_account: row.bank_account ? vault.open(row.bank_account, row._id) : null,
    }
  }
}

function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().trim()
}
