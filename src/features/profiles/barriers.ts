import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { BlockState, MuteState, ShunnedUser } from './contract.ts'
import type { Follows } from './follows.ts'
import type { BarrierKind, ProfileModels } from './model.ts'
import { pairKey, takeTurn } from './pairs.ts'
import { barrierKey, type Pair } from './relations.ts'

const defaultLimit = 20

export interface BarrierDependencies {
  models: ProfileModels
  follows: Pick<Follows, 'part'>
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  unitOfWork: UnitOfWork
  cursors: Cursors
  clock: Clock
}

export type BarrierService = ReturnType<typeof createBarriers>

/** Blocks and mutes. Whom they are about is told of neither. */
export function createBarriers({ models, follows, accounts, unitOfWork, cursors, clock }: BarrierDependencies) {
  const { Barriers } = models

  return Object.freeze({ block, unblock, mute, unmute, blocks: listOf('block'), mutes: listOf('mute') })

  /** Both people's follows of each other end with it; an unblock brings nothing back. */
  async function block(ctx: Context, { user_id }: { user_id: string }): Promise<BlockState> {
    const pair = await pairOf(ctx, user_id)
    await unitOfWork.run(
      ctx,
      async (tx) => {
        await takeTurn(tx, models, pair.by, pair.whom)
        if (await put('block', pair)) await tx.publish('user.blocked', pair)
        await follows.part(tx, pair.by, pair.whom)
        await follows.part(tx, pair.whom, pair.by)
      },
      pairKey(pair.by, pair.whom),
    )
    return { user_id, blocked: true }
  }

  async function unblock(ctx: Context, { user_id }: { user_id: string }): Promise<BlockState> {
    await lift(ctx, 'block', user_id)
    return { user_id, blocked: false }
  }

  async function mute(ctx: Context, { user_id }: { user_id: string }): Promise<MuteState> {
    const pair = await pairOf(ctx, user_id)
    await unitOfWork.run(ctx, () => put('mute', pair), pairKey(pair.by, pair.whom))
    return { user_id, muted: true }
  }

  async function unmute(ctx: Context, { user_id }: { user_id: string }): Promise<MuteState> {
    await lift(ctx, 'mute', user_id)
    return { user_id, muted: false }
  }

  async function pairOf(ctx: Context, userId: string): Promise<Pair> {
    const by = userOf(ctx).user_id
    ensure(await accounts.find(userId), 'not-found')
    ensure(userId !== by, 'self')
    return { by, whom: userId }
  }

  /** False when it stood already. */
  async function put(kind: BarrierKind, pair: Pair): Promise<boolean> {
    const key = barrierKey(kind, pair)
    if (await Barriers.exists({ key })) return false
    await Barriers.insertMany([{ _id: newId('bar'), key, kind, ...pair, created_at: clock.now() }])
    return true
  }

  // Of an account that is gone, the barrier can still be taken down.
  async function lift(ctx: Context, kind: BarrierKind, userId: string): Promise<void> {
    const lifted = await Barriers.deleteOne({ key: barrierKey(kind, { by: userOf(ctx).user_id, whom: userId }) })
    if (lifted.deletedCount === 0) ensure(await accounts.find(userId), 'not-found')
  }

  function listOf(kind: BarrierKind) {
    return async (ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<ShunnedUser>> => {
      const { user_id } = userOf(ctx)
      const list = `${kind}:list|${user_id}`
      const [after] = cursor ? cursors.read(list, cursor) : []
      const rows = await Barriers.find({ by: user_id, kind, ...(after ? { _id: { $lt: after } } : {}) })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .lean()
      const page = pageOf(rows, limit, (row) => cursors.write(list, [row._id]))
      const names = await accounts.namesOf(page.data.map((each) => each.whom))
      return { ...page, data: page.data.map((row) => ({ user_id: row.whom, name: names.get(row.whom) ?? '', since: row.created_at.toISOString() })) }
    }
  }
}
