import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import { userOf } from '../accounts/index.ts'
import type { Alert, AlertState, ControlAlert, QueueState } from './contract.ts'
import type { AlertRow, OverlayModels, OverlayRow } from './model.ts'
import { presentAlert } from './present.ts'
import { type AlertQueue, missedAfterMs, nobody, type Step } from './queue.ts'

const defaultLimit = 20

export type AlertControl = ReturnType<typeof createAlertControl>

/** What a creator does to a queue by hand. Nothing of it touches money, goals or leaderboards: those were told by the tip. */
export function createAlertControl({ models, queue, wall, cursors }: { models: OverlayModels; queue: AlertQueue; wall: Wall; cursors: Cursors }) {
  const { Overlays, Alerts } = models

  return Object.freeze({ control, list })

  async function control(ctx: Context, { overlay_id, action, alert_id }: ControlAlert): Promise<QueueState & { alert_id: string | null }> {
    await ensureOwn(ctx, overlay_id)
    const state = await queue.change(overlay_id, async (overlay, tx) => {
      const step = await act(overlay, action, alert_id)
      if (step.overlay.config_version !== overlay.config_version) await tx.publish('overlay.configured', { overlay_id, creator_id: overlay.creator_id })
      return step
    })
    return state ?? fail('not-found')
  }

  async function list(ctx: Context, { overlay_id, state, limit = defaultLimit, cursor }: { overlay_id: string; state?: AlertState; limit?: number; cursor?: string }): Promise<Page<Alert>> {
    await ensureOwn(ctx, overlay_id)
    const name = `alert:list|${overlay_id}|${state ?? ''}`
    const [before] = cursor ? cursors.read(name, cursor) : []
    const rows = await Alerts.find({ overlay_id, ...(state ? { state } : {}), ...(before ? { position: { $lt: Number(before) } } : {}) })
      .sort({ position: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [String(row.position)]))
    return { ...page, data: page.data.map(presentAlert) }
  }

  async function act(overlay: OverlayRow, action: ControlAlert['action'], alertId: string | undefined): Promise<Step> {
    switch (action) {
      case 'pause':
        return { overlay: { ...overlay, paused_at: overlay.paused_at ?? wall.now() } }
      case 'resume':
        return resume(overlay)
      case 'mute':
        return { overlay: overlay.muted ? overlay : { ...overlay, muted: true, config_version: overlay.config_version + 1 } }
      case 'unmute':
        return { overlay: overlay.muted ? { ...overlay, muted: false, config_version: overlay.config_version + 1 } : overlay }
      case 'skip':
        return skip(overlay, alertId)
      case 'replay':
        return replay(overlay, alertId)
      case 'play-next':
        return playNext(overlay, alertId)
      case 'clear':
        return clear(overlay)
    }
  }

  // Time that an alert spent waiting for a creator who had paused is not counted against it; what was too old by then is missed.
  async function resume(overlay: OverlayRow): Promise<Step> {
    if (!overlay.paused_at) return { overlay }
    const waiting = { overlay_id: overlay._id, state: 'queued' as const }
    await Alerts.updateMany({ ...waiting, queued_at: { $lt: new Date(overlay.paused_at.getTime() - missedAfterMs) } }, { $set: { state: 'missed' } })
    await Alerts.updateMany(waiting, { $set: { queued_at: wall.now() } })
    return { overlay: { ...overlay, paused_at: null } }
  }

  /** The running one, or one that waits. Named, so that a second press does not skip the one after. */
  async function skip(overlay: OverlayRow, alertId = overlay.current ?? undefined): Promise<Step> {
    ensure(alertId, 'stale-state', 'Nothing is playing')
    const alert = await find(overlay, alertId)
    ensure(alert.state === 'queued' || alert.state === 'playing', 'stale-state', `It is ${alert.state} already`)
    await Alerts.updateOne({ _id: alertId }, { $set: { state: 'skipped', finished_at: wall.now() } })
    if (overlay.current !== alertId) return { overlay, alertId }
    return { overlay: { ...overlay, ...nobody }, skipped: alertId, alertId }
  }

  async function replay(overlay: OverlayRow, alertId: string | undefined): Promise<Step> {
    const original = alertId ? await find(overlay, alertId) : await Alerts.findOne({ overlay_id: overlay._id, state: 'played' }).sort({ position: -1 }).lean()
    ensure(original, 'stale-state', 'Nothing was played yet')
    ensure(original.state !== 'queued' && original.state !== 'playing', 'stale-state', 'It is still to be played')
    const { source_id, started_at: _started, finished_at: _finished, failure_reason: _reason, ...same } = original
    const tipId = source_id ?? original.replayed_source_id
    const row: AlertRow = {
      ...same,
      _id: newId('alr'),
      position: overlay.position + 1,
      is_replay: true,
      replay_of: original._id,
      ...(tipId ? { replayed_source_id: tipId } : {}),
      state: 'queued',
      priority: 0,
      attempts: 0,
      queued_at: wall.now(),
    }
    await Alerts.insertMany([row])
    return { overlay: { ...overlay, position: row.position }, alertId: row._id }
  }

  /** To the front, and at once when nothing is playing: also while the queue is paused. */
  async function playNext(overlay: OverlayRow, alertId: string | undefined): Promise<Step> {
    const waiting = { overlay_id: overlay._id, state: 'queued' as const }
    const first = await Alerts.findOne(waiting).sort({ priority: -1, position: 1 }).lean()
    const alert = alertId ? await find(overlay, alertId) : first
    ensure(alert?.state === 'queued', 'stale-state', 'It does not wait')
    await Alerts.updateOne({ _id: alert._id }, { $set: { priority: (first?.priority ?? 0) + 1, queued_at: wall.now() } })
    return { overlay, playNow: true, alertId: alert._id }
  }

  async function clear(overlay: OverlayRow): Promise<Step> {
    await Alerts.updateMany({ overlay_id: overlay._id, state: 'queued' }, { $set: { state: 'cleared', finished_at: wall.now() } })
    return { overlay }
  }

  async function find(overlay: OverlayRow, alertId: string): Promise<AlertRow> {
    return (await Alerts.findOne({ _id: alertId, overlay_id: overlay._id }).lean()) ?? fail('not-found')
  }

  async function ensureOwn(ctx: Context, overlayId: string): Promise<void> {
    ensure(await Overlays.exists({ _id: overlayId, creator_id: userOf(ctx).user_id }), 'not-found')
  }
}
