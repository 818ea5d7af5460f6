import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { randomHex } from '../../kernel/ids.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, type StepUp, userOf } from '../accounts/index.ts'
import type { Creator, OwnCreator, UpdateCreator } from './contract.ts'
import type { Destinations } from './destination.ts'
import type { Follows } from './follows.ts'
import { handleFrom, isReserved } from './handles.ts'
import type { ProfileModels, ProfileRow } from './model.ts'
import type { CreatorPresenter } from './present.ts'
import type { Relations } from './relations.ts'
import { fold } from './search-terms.ts'
import type { Standing } from './standing.ts'

const handleAttempts = 5

export interface ProfileDependencies {
  models: ProfileModels
  standing: Standing
  relations: Relations
  follows: Pick<Follows, 'isFollowing'>
  presenter: CreatorPresenter
  unitOfWork: UnitOfWork
  accounts: Pick<AccountService, 'find'>
  destinations: Destinations
  stepUp: StepUp
  clock: Clock
  context: () => Context
}

export type ProfileService = ReturnType<typeof createProfileService>

export function createProfileService({ models, standing, relations, follows, presenter, unitOfWork, accounts, destinations, stepUp, clock, context }: ProfileDependencies) {
  const { Profiles } = models

  return Object.freeze({ read, mine, update, open, accountChanged })

  /** By id or by @handle. Across a block a creator looks as to somebody who is not signed in. */
  async function read(ctx: Context, { creator_id }: { creator_id: string }): Promise<Creator> {
    const row = await Profiles.findOne(creator_id.startsWith('@') ? { handle: creator_id.slice(1).toLowerCase() } : { _id: creator_id }).lean()
    ensure(row && !row.hidden_at, 'not-found')
    const seen = await presenter.present(row)
    if (ctx.actor.kind !== 'user') return seen
    const { blocked } = await relations.between({ by: ctx.actor.user_id, whom: row._id })
    return blocked ? seen : { ...seen, following: await follows.isFollowing(ctx.actor.user_id, row._id) }
  }

  async function mine(ctx: Context): Promise<OwnCreator> {
    return presenter.presentOwn((await Profiles.findById(userOf(ctx).user_id).lean()) ?? fail('not-found'))
  }

  /** @throws AppError `conflict` when somebody else has the handle, `validation` when it is a word of ours, `step-up-required` for another bank account */
  async function update(ctx: Context, input: UpdateCreator): Promise<OwnCreator> {
    const { user_id } = userOf(ctx)
    ensure(!isReserved(input.handle ?? ''), 'validation', { errors: [{ path: 'handle', code: 'reserved', detail: 'is not to be had' }] })
    ensure(input.time_zone === undefined || isTimeZone(input.time_zone), 'validation', { errors: [{ path: 'time_zone', code: 'unknown', detail: 'is no time zone of the IANA database' }] })
    const { full_name, bank_account, ...rest } = input
    const set: Partial<ProfileRow> = { ...rest, updated_at: clock.now() }
    if (full_name !== undefined) Object.assign(set, { name: full_name, name_key: fold(full_name) })
    if (bank_account !== undefined && bank_account !== (await destinations.of(user_id)).bank_account) await stepUp.ensure(ctx)
    const changed = await unlessTaken(() =>
      unitOfWork.run(ctx, async (tx) => {
        if (bank_account !== undefined) await destinations.set(tx, ctx, user_id, bank_account)
        const row = (await Profiles.findOneAndUpdate({ _id: user_id }, { $set: set }, { returnDocument: 'after' }).lean()) ?? fail('not-found')
        if (input.full_name !== undefined || input.handle !== undefined || input.tags !== undefined || input.category !== undefined) await standing.index(tx, row)
        return row
      }),
    )
    ensure(changed, 'conflict', 'Somebody else has this handle')
    return presenter.presentOwn(changed)
  }

  /** A creator who signs up has a profile from that moment; a second delivery of the news finds it there. */
  async function open({ user_id, full_name }: { user_id: string; full_name: string }): Promise<void> {
    const plain = handleFrom(full_name)
    for (const suffix of [...(plain ? [undefined] : []), ...Array.from({ length: handleAttempts }, () => randomHex(3))]) {
      const handle = handleFrom(full_name, suffix) as string
      if (await unlessTaken(() => openAs(user_id, full_name, handle))) return
    }
    throw new Error('No handle was free')
  }

  /**
   * Nobody finds, follows or tips whose account is closed or no creator's any more. News of an account may come in any order: the account
   * itself is asked.
   */
  async function accountChanged(userId: string): Promise<void> {
    const creator = await openCreator(userId)
    if (creator) await open({ user_id: userId, full_name: creator.full_name })
    await unitOfWork.run(context(), async (tx) => {
      // Asked again in here, or two pieces of news at once could leave the older one's word.
      const change = (await openCreator(userId)) ? { $unset: { hidden_at: 1 as const } } : { $set: { hidden_at: clock.now() } }
      const row = await Profiles.findOneAndUpdate({ _id: userId }, change, { returnDocument: 'after' }).lean()
      if (row) await standing.index(tx, row)
    })
  }

  async function openCreator(userId: string) {
    const user = await accounts.find(userId)
    return user?.role === 'creator' && !user.suspended_at && !user.erased_at ? user : undefined
  }

  async function openAs(userId: string, name: string, handle: string): Promise<true> {
    const now = clock.now()
    const row: ProfileRow = { _id: userId, handle, name, name_key: fold(name), bio: '', avatar_url: null, tags: [], category: null, shows_earnings: false, followers: 0, trending: 0, created_at: now, updated_at: now }
    await unitOfWork.run(context(), async (tx) => {
      if (await Profiles.exists({ _id: userId })) return
      await Profiles.insertMany([row])
      await standing.index(tx, row)
    })
    return true
  }
}

/** Undefined when a unique key was taken. */
async function unlessTaken<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write()
  } catch (error) {
    if ((error as { code?: unknown }).code === 11000) return undefined
    throw error
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
