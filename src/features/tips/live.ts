import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { AnnouncedTip, LiveFigures, LiveSnapshot } from './contract.ts'
import { type CountedTip, countsInStream, firstOf } from './counting.ts'
import type { GoalService } from './goals.ts'
import type { SentTipRow, StreamRow, TipModels } from './model.ts'
import { isShown } from './moderation.ts'
import { presentAnnounced, presentPublicGoal } from './present.ts'

const batchSize = 64
const topCount = 5
const recentCount = 10

export type LiveService = ReturnType<typeof createLive>

interface News extends CountedTip {
  /** what the audience sees of it was decided after it was sent */
  moderated: boolean
}

/**
 * A creator's stream and what came in during it. Like goals, its figures are projections with a row for each tip; what stands under a name
 * is kept apart, so that an anonymous tip adds to the total and to nobody's place.
 */
export function createLive({
  models,
  unitOfWork,
  profiles,
  relations,
  relay,
  goals,
  clock,
  context,
  failpoints,
  defaultCurrency,
}: {
  models: TipModels
  unitOfWork: UnitOfWork
  profiles: Profiles
  relations: Relations
  relay: Relay
  goals: Pick<GoalService, 'openOf'>
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  defaultCurrency: Currency
}) {
  const { Tips, Streams, StreamTips, StreamFans } = models
  const batches = createBatches<News>(batchSize, countAll)

  return Object.freeze({ start, stop, reset, read, figures, join, leave, part, count, catchUp, ownersOf })

  async function start(ctx: Context): Promise<LiveSnapshot> {
    const { user_id } = userOf(ctx)
    return unitOfWork.run(ctx, async (tx) => {
      ensure(!(await Streams.exists({ creator_id: user_id, state: 'live' })), 'stale-state', 'You are live already')
      const now = clock.now()
      const row: StreamRow = { _id: newId('str'), creator_id: user_id, state: 'live', started_at: now, counted_from: now, ended_at: null, round: 1, currency: defaultCurrency, amount: 0, count: 0, version: 1 }
      await Streams.insertMany([row])
      return begun(tx, row)
    })
  }

  /** Tips that were sent before it still count when their news comes after it. */
  async function stop(ctx: Context): Promise<LiveSnapshot> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Streams.findOneAndUpdate(
        { creator_id: userOf(ctx).user_id, state: 'live' },
        { $set: { state: 'ended', ended_at: clock.now() }, $inc: { version: 1 } },
        { returnDocument: 'after' },
      ).lean()
      ensure(row, 'stale-state', 'You are not live')
      return told(tx, row)
    })
  }

  /** The same stream, counted from now. */
  async function reset(ctx: Context): Promise<LiveSnapshot> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Streams.findOneAndUpdate(
        { creator_id: userOf(ctx).user_id, state: 'live' },
        { $set: { counted_from: clock.now(), amount: 0, count: 0 }, $inc: { round: 1, version: 1 } },
        { returnDocument: 'after' },
      ).lean()
      ensure(row, 'stale-state', 'You are not live')
      return begun(tx, row)
    })
  }

  /** Of the stream that runs, or ran last. */
  async function figures(creatorId: string): Promise<LiveFigures> {
    const row = await latestOf(creatorId)
    return row ? figuresOf(row) : neverLive(creatorId)
  }

  async function read(_ctx: Context, { creator_id }: { creator_id: string }): Promise<LiveSnapshot> {
    await profiles.creator(creator_id)
    return snapshot(creator_id)
  }

  /** In the room first: what happens while the snapshot is read is told as a fact. */
  async function join(ctx: Context, { creator_id }: { creator_id: string }): Promise<LiveSnapshot> {
    await profiles.creator(creator_id)
    ensure(!(await relations.between({ by: userOf(ctx).user_id, whom: creator_id })).blocked, 'blocked')
    await roomsOf(ctx).join(rooms.creator(creator_id))
    return snapshot(creator_id)
  }

  async function leave(ctx: Context, { creator_id }: { creator_id: string }): Promise<Record<string, never>> {
    await roomsOf(ctx).leave(rooms.creator(creator_id))
    return {}
  }

  /** A block in the middle of a stream ends the company at once. */
  function part({ by, whom }: { by: string; whom: string }): void {
    relay.remove(rooms.user(whom), rooms.creator(by))
    relay.remove(rooms.user(by), rooms.creator(whom))
  }

  async function count(news: News): Promise<void> {
    await batches.add(news.creator_id, news)
  }

  /** A tip may be sent and told of while the stream is being started; nobody counted it then. */
  async function catchUp({ creator_id, stream_id }: { creator_id: string; stream_id: string }): Promise<void> {
    const stream = await Streams.findById(stream_id).lean()
    if (!stream) return
    for await (const tip of Tips.find({ creator_id, state: 'sent', sent_at: { $gte: stream.counted_from } }, { sent_at: 1 }).lean().cursor())
      await count({ creator_id, tip_id: tip._id, sent_at: tip.sent_at as Date, moderated: false })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Streams.find({ _id: { $in: ids } }, { creator_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.creator_id]))
  }

  async function countAll(creatorId: string, news: News[]): Promise<void> {
    const inQuestion = { creator_id: creatorId, $or: [{ state: 'live' as const }, { ended_at: { $gt: firstOf(news) } }] }
    if (!(await Streams.exists(inQuestion))) return
    const moderated = news.some((each) => each.moderated)
    await unitOfWork.run(
      context(),
      async (tx) => {
        const tips = (await Tips.find({ _id: { $in: news.map((each) => each.tip_id) }, creator_id: creatorId, state: 'sent' }).lean()) as SentTipRow[]
        for (const stream of await Streams.find(inQuestion).lean()) await countIn(tx, stream, tips, moderated)
        failpoints.hit('tips.live.before-commit')
      },
      `live:${creatorId}`,
    )
    failpoints.hit('tips.live.after-commit')
  }

  // The tips' rows are what is counted by, not the news: whichever news comes last finds the state that all of them led to.
  async function countIn(tx: Tx, stream: StreamRow, tips: SentTipRow[], moderated: boolean): Promise<void> {
    const { _id: stream_id, round } = stream
    const inside = tips.filter((tip) => countsInStream(stream, tip))
    const known = new Map((await StreamTips.find({ _id: { $in: inside.map((tip) => `${stream_id}/${tip._id}`) } }).lean()).map((row) => [row.tip_id, row]))
    const fresh = inside.filter((tip) => !known.has(tip._id))
    const uncovered = inside.filter((tip) => isNamed(tip) && known.get(tip._id)?.named === false && known.get(tip._id)?.round === round)
    const latestMoved = moderated && inside.length > 0
    if (fresh.length === 0 && uncovered.length === 0 && !latestMoved) return
    tx.insert(StreamTips, fresh.map((tip) => ({ _id: `${stream_id}/${tip._id}`, stream_id, round, tip_id: tip._id, fan_id: tip.fan_id, amount: tip.amount, named: isNamed(tip) })))
    for (const tip of uncovered) await StreamTips.updateOne({ _id: `${stream_id}/${tip._id}` }, { $set: { named: true } })
    for (const tip of [...fresh.filter(isNamed), ...uncovered])
      await StreamFans.updateOne({ _id: `${stream_id}/${round}/${tip.fan_id}` }, { $set: { stream_id, round, name: tip.shown_name as string }, $inc: { amount: tip.amount } }, { upsert: true })
    const amount = fresh.reduce((total, tip) => total + tip.amount, 0)
    const row = await Streams.findOneAndUpdate({ _id: stream_id }, { $inc: { amount, count: fresh.length, version: 1 } }, { returnDocument: 'after' }).lean()
    if (row) await tx.publish('live.changed', await figuresOf(row))
  }

  async function begun(tx: Tx, row: StreamRow): Promise<LiveSnapshot> {
    await tx.publish('live.begun', { creator_id: row.creator_id, stream_id: row._id })
    return told(tx, row)
  }

  async function told(tx: Tx, row: StreamRow): Promise<LiveSnapshot> {
    await tx.publish('live.changed', await figuresOf(row))
    return snapshot(row.creator_id)
  }

  async function snapshot(creatorId: string): Promise<LiveSnapshot> {
    const row = await latestOf(creatorId)
    const open = await goals.openOf(creatorId)
    const now = clock.now()
    return {
      ...(row ? await figuresOf(row) : neverLive(creatorId)),
      goals: open.map((goal) => presentPublicGoal(goal, now)),
      recent: await announcedIn(row ?? { creator_id: creatorId, counted_from: new Date(0), ended_at: null }, recentCount),
    }
  }

  async function latestOf(creatorId: string): Promise<StreamRow | null> {
    return Streams.findOne({ creator_id: creatorId }).sort({ counted_from: -1 }).lean()
  }

  async function figuresOf(row: StreamRow): Promise<LiveFigures> {
    const [latest = null] = await announcedIn(row, 1)
    const named = await StreamFans.find({ stream_id: row._id, round: row.round }).sort({ amount: -1, _id: 1 }).limit(topCount).lean()
    const regards = await relations.among(row.creator_id, named.map(fanOf))
    const fans = named.filter((each) => !regards.has(fanOf(each)))
    return {
      creator_id: row.creator_id,
      stream_id: row._id,
      live: row.state === 'live',
      counted_from: row.counted_from.toISOString(),
      totals: { amount: row.amount, count: row.count, currency: row.currency },
      latest,
      top_tippers: fans.map(({ name, amount }) => ({ name, amount })),
      version: row.version,
    }
  }

  async function announcedIn({ creator_id, counted_from, ended_at }: Pick<StreamRow, 'creator_id' | 'counted_from' | 'ended_at'>, limit: number): Promise<AnnouncedTip[]> {
    const rows = await Tips.find({ creator_id, announced_at: { $gte: counted_from, ...(ended_at ? { $lt: ended_at } : {}) } })
      .sort({ announced_at: -1, _id: -1 })
      .limit(limit)
      .lean()
    const regards = await relations.among(creator_id, rows.map((row) => row.fan_id))
    return (rows as SentTipRow[]).map((row) => presentAnnounced(row, regards.get(row.fan_id)))
  }

  function neverLive(creatorId: string): LiveFigures {
    const totals = { amount: 0, count: 0, currency: defaultCurrency }
    return { creator_id: creatorId, stream_id: null, live: false, counted_from: null, totals, latest: null, top_tippers: [], version: 0 }
  }
}

function isNamed(tip: SentTipRow): boolean {
  return isShown(tip.moderation) && tip.shown_name !== null
}

function fanOf({ _id }: { _id: string }): string {
  return _id.slice(_id.lastIndexOf('/') + 1)
}

function roomsOf(ctx: Context) {
  return ctx.rooms ?? fail('forbidden')
}
