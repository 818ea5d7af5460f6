import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, type FieldError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import { type GoalRow, type Goals, type Live, presentPublicGoal, publicPart } from '../tips/index.ts'
import type { Goal, LiveFigures } from '../tips/contract.ts'
import type { ConfigureOverlay, OverlayConfig, OverlayDetail, OverlayView, Variation } from './contract.ts'
import type { OverlayModels, OverlayRow } from './model.ts'
import { presentDetail } from './present.ts'
import { builtIn, complete, defaultConfig } from './variations.ts'

export type OverlayConfiguration = ReturnType<typeof createOverlayConfiguration>

/** How an overlay looks and sounds, and which goals it draws; its pages are told of every change. */
export function createOverlayConfiguration({
  models,
  unitOfWork,
  goals,
  live,
  relay,
  clock,
  wall,
}: {
  models: OverlayModels
  unitOfWork: UnitOfWork
  goals: Goals
  live: Live
  relay: Relay
  clock: Clock
  wall: Wall
}) {
  const { Overlays, Alerts } = models

  return Object.freeze({ read, configure, viewOf, tell, tellGoal, tellLive })

  async function read(ctx: Context, { overlay_id }: { overlay_id: string }): Promise<OverlayDetail> {
    const row = await Overlays.findOne({ _id: overlay_id, creator_id: userOf(ctx).user_id }).lean()
    ensure(row, 'not-found')
    return detail(row)
  }

  /** The whole configuration at once. Alerts that wait keep the variation that they were queued with. */
  async function configure(ctx: Context, { overlay_id, ...input }: ConfigureOverlay): Promise<OverlayDetail> {
    const config = configOf(input)
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Overlays.findOneAndUpdate(
        { _id: overlay_id, creator_id: userOf(ctx).user_id },
        { $set: { config }, $inc: { config_version: 1 } },
        { returnDocument: 'after' },
      ).lean()
      ensure(row, 'not-found')
      await tx.publish('overlay.configured', { overlay_id, creator_id: row.creator_id })
      return detail(row)
    })
  }

  /** What a page draws besides alerts. */
  async function viewOf(row: OverlayRow): Promise<OverlayView> {
    const now = clock.now()
    const shown = (await goals.openOf(row.creator_id)).filter((goal) => shows(row, goal))
    const { volume, labels } = complete(row.config)
    return {
      overlay_id: row._id,
      version: row.config_version,
      volume,
      muted: row.muted,
      goals: shown.map((goal) => presentPublicGoal(goal, now)),
      labels,
      live: labels.length > 0 ? await live.figures(row.creator_id) : null,
    }
  }

  /** Tells one overlay's pages and its creator how it is now. */
  async function tell(overlayId: string): Promise<void> {
    const row = await Overlays.findById(overlayId).lean()
    if (row) await tellRow(row)
  }

  /** A tip moved it: the pages that draw it are told the figure. Somebody edited it: where it is drawn may have changed, so all pages are told all. */
  async function tellGoal({ goal, edited }: { goal: Goal; edited: boolean }): Promise<void> {
    const rows = await Overlays.find({ creator_id: goal.creator_id }).lean()
    if (edited) return void (await Promise.all(rows.map(tellRow)))
    const drawn = rows.filter((row) => shows(row, { _id: goal.goal_id, shown_on: goal.shown_on })).map((row) => rooms.overlay(row._id))
    relay.emit({ event: 'goal:updated', namespace: '/overlay', rooms: drawn, data: publicPart(goal) }, meta())
  }

  async function tellLive(figures: LiveFigures): Promise<void> {
    const rows = await Overlays.find({ creator_id: figures.creator_id, 'config.labels.0': { $exists: true } }, { _id: 1 }).lean()
    relay.emit({ event: 'live:updated', namespace: '/overlay', rooms: rows.map((row) => rooms.overlay(row._id)), data: figures }, meta())
  }

  async function tellRow(row: OverlayRow): Promise<void> {
    const data = await viewOf(row)
    relay.emit({ event: 'overlay:config-updated', namespace: '/overlay', rooms: [rooms.overlay(row._id)], data }, meta())
    relay.emit({ event: 'overlay:config-updated', rooms: [rooms.user(row.creator_id)], data }, meta())
  }

  async function detail(row: OverlayRow): Promise<OverlayDetail> {
    return presentDetail(row, await Alerts.countDocuments({ overlay_id: row._id, state: 'queued' }))
  }

  function meta() {
    return { event_id: newId('evt'), at: wall.now().toISOString() }
  }
}

function shows({ _id, config }: OverlayRow, goal: Pick<GoalRow, '_id' | 'shown_on'>): boolean {
  return (goal.shown_on === 'all' || goal.shown_on.includes(_id)) && (config.goal_ids === null || config.goal_ids.includes(goal._id))
}

function configOf({ variations, min_alert_amount = defaultConfig.min_alert_amount, gap_ms, volume, goal_ids = null, labels = [] }: Omit<ConfigureOverlay, 'overlay_id'>): OverlayConfig {
  const errors: FieldError[] = variations.flatMap(({ when }, index) =>
    (when.min_amount ?? 1) > (when.max_amount ?? Infinity) ? [{ path: `variations.${index}.when`, code: 'range', detail: 'the least may not pass the most' }] : [],
  )
  const named = variations.map(({ variation_id = newId('var'), image_url = null, layout = builtIn.layout, weight = builtIn.weight, ...rest }): Variation => ({ variation_id, image_url, layout, weight, ...rest }))
  if (new Set(named.map((each) => each.variation_id)).size !== named.length) errors.push({ path: 'variations', code: 'unique', detail: 'two have one variation_id' })
  ensure(errors.length === 0, 'validation', { errors })
  return { variations: named, min_alert_amount, gap_ms, volume, goal_ids, labels }
}
