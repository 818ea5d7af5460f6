import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf, type PageQuery } from '../../kernel/page.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { CreateGoal, Goal, PublicGoal, UpdateGoal } from './contract.ts'
import { type CountedTip, countsInGoal, firstOf, valueInGoal } from './counting.ts'
import type { GoalRow, SentTipRow, TipModels } from './model.ts'
import { presentGoal, presentPublicGoal } from './present.ts'

const defaultLimit = 20
const maxOpen = 20
const batchSize = 64

export type GoalService = ReturnType<typeof createGoals>

/**
 * Goals are projections: tips never wait for them. Each tip is counted by a row of its own in the transaction that moves the goal, so it
 * counts once however often its news comes, and a goal is exact when the queue is empty.
 */
export function createGoals({
  models,
  unitOfWork,
  profiles,
  cursors,
  clock,
  context,
  failpoints,
  defaultCurrency,
}: {
  models: TipModels
  unitOfWork: UnitOfWork
  profiles: Profiles
  cursors: Cursors
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  defaultCurrency: Currency
}) {
  const { Tips, Goals, GoalTips } = models
  const batches = createBatches<CountedTip>(batchSize, countAll)

  return Object.freeze({ create, list, update, close, publicList, openOf, count, catchUp, ownersOf })

  async function create(ctx: Context, input: CreateGoal): Promise<Goal> {
    const { user_id } = userOf(ctx)
    ensure((input.currency ?? defaultCurrency) === defaultCurrency, 'currency', `Amounts here are in ${defaultCurrency}`)
    return unitOfWork.run(ctx, async (tx) => {
      const now = clock.now()
      const ends_at = deadline(input.ends_at, now)
      ensure((await Goals.countDocuments({ creator_id: user_id, state: 'open' })) < maxOpen, 'conflict', `At most ${maxOpen} open goals`)
      const { title, kind, target, shown_on = 'all' } = input
      const row: GoalRow = { _id: newId('gol'), creator_id: user_id, title, kind, target, currency: defaultCurrency, state: 'open', started_at: now, ends_at, closed_at: null, shown_on, current: 0, version: 1 }
      await Goals.insertMany([row])
      await tx.publish('goal.opened', { goal_id: row._id, creator_id: user_id })
      return edited(tx, row)
    })
  }

  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<Goal>> {
    const { user_id } = userOf(ctx)
    const name = `goal:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Goals.find({ creator_id: user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map((row) => presentGoal(row, clock.now())) }
  }

  /** What is over stays as it was: a deadline that is past can't be moved, so what is counted once never has to be taken out again. */
  async function update(ctx: Context, { goal_id, ...changes }: UpdateGoal): Promise<Goal> {
    return unitOfWork.run(ctx, async (tx) => {
      const now = clock.now()
      const goal = await own(ctx, goal_id)
      ensure(presentGoal(goal, now).state === 'open', 'stale-state', 'This goal is over')
      const { ends_at, ...rest } = changes
      const set: Partial<GoalRow> = { ...rest, ...(ends_at === undefined ? {} : { ends_at: deadline(ends_at, now) }) }
      return edited(tx, await move(goal_id, { $set: set, $inc: { version: 1 } }))
    })
  }

  /** Closed twice, it was closed the first time. */
  async function close(ctx: Context, { goal_id }: { goal_id: string }): Promise<Goal> {
    return unitOfWork.run(ctx, async (tx) => {
      const goal = await own(ctx, goal_id)
      if (goal.state === 'closed') return presentGoal(goal, clock.now())
      return edited(tx, await move(goal_id, { $set: { state: 'closed', closed_at: clock.now() }, $inc: { version: 1 } }))
    })
  }

  async function publicList(_ctx: Context, { creator_id }: { creator_id: string }): Promise<{ data: PublicGoal[]; has_more: boolean; next: null }> {
    await profiles.creator(creator_id)
    const goals = await openOf(creator_id)
    const now = clock.now()
    return { data: goals.map((row) => presentPublicGoal(row, now)), has_more: false, next: null }
  }

  /** The goals that are not closed, the oldest first. */
  async function openOf(creatorId: string): Promise<GoalRow[]> {
    return Goals.find({ creator_id: creatorId, state: 'open' }).sort({ _id: 1 }).limit(maxOpen).lean()
  }

  /** Counts a tip in every goal that it belongs to. */
  async function count(tip: CountedTip): Promise<void> {
    await batches.add(tip.creator_id, tip)
  }

  /** A tip may be sent and told of while its goal is being made; nobody counted it then. */
  async function catchUp({ goal_id, creator_id }: { goal_id: string; creator_id: string }): Promise<void> {
    const goal = await Goals.findById(goal_id).lean()
    if (!goal) return
    for await (const tip of Tips.find({ creator_id, state: 'sent', sent_at: { $gte: goal.started_at } }, { sent_at: 1 }).lean().cursor())
      await count({ creator_id, tip_id: tip._id, sent_at: tip.sent_at as Date })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Goals.find({ _id: { $in: ids } }, { creator_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.creator_id]))
  }

  async function countAll(creatorId: string, news: CountedTip[]): Promise<void> {
    const inQuestion = { creator_id: creatorId, $or: [{ state: 'open' as const }, { closed_at: { $gt: firstOf(news) } }] }
    if (!(await Goals.exists(inQuestion))) return
    await unitOfWork.run(
      context(),
      async (tx) => {
        const tips = (await Tips.find({ _id: { $in: news.map((tip) => tip.tip_id) }, creator_id: creatorId, state: 'sent' }).lean()) as SentTipRow[]
        for (const goal of await Goals.find(inQuestion).lean()) await countIn(tx, goal, tips)
        failpoints.hit('tips.goals.before-commit')
      },
      `goals:${creatorId}`,
    )
    failpoints.hit('tips.goals.after-commit')
  }

  async function countIn(tx: Tx, goal: GoalRow, tips: SentTipRow[]): Promise<void> {
    const rows = tips.filter((tip) => countsInGoal(goal, tip)).map((tip) => ({ _id: `${goal._id}/${tip._id}`, goal_id: goal._id, tip_id: tip._id, value: valueInGoal(goal, tip) }))
    if (rows.length === 0) return
    const counted = new Set((await GoalTips.find({ _id: { $in: rows.map((row) => row._id) } }, { _id: 1 }).lean()).map((row) => row._id))
    const fresh = rows.filter((row) => !counted.has(row._id))
    if (fresh.length === 0) return
    tx.insert(GoalTips, fresh)
    const sum = fresh.reduce((total, row) => total + row.value, 0)
    const moved = await move(goal._id, { $inc: { current: sum, version: 1 } })
    await tx.publish('goal.changed', { goal: presentGoal(moved, clock.now()), edited: false })
  }

  async function own(ctx: Context, goalId: string): Promise<GoalRow> {
    const goal = await Goals.findOne({ _id: goalId, creator_id: userOf(ctx).user_id }).lean()
    ensure(goal, 'not-found')
    return goal
  }

  async function move(goalId: string, change: { $set?: Partial<GoalRow>; $inc: { version: 1; current?: number } }): Promise<GoalRow> {
    const moved = await Goals.findOneAndUpdate({ _id: goalId }, change, { returnDocument: 'after' }).lean()
    if (!moved) throw new Error(`${goalId}: a goal is gone`)
    return moved
  }

  async function edited(tx: Tx, row: GoalRow): Promise<Goal> {
    const goal = presentGoal(row, clock.now())
    await tx.publish('goal.changed', { goal, edited: true })
    return goal
  }
}

function deadline(text: string | null | undefined, now: Date): Date | null {
  if (text === null || text === undefined) return null
  const at = new Date(text)
  ensure(at > now, 'validation', { errors: [{ path: 'ends_at', code: 'past', detail: 'must be in the future' }] })
  return at
}
