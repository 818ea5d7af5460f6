import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AlertKind } from './contract.ts'
import type { AlertRow, OverlayModels, OverlayRow } from './model.ts'
import { presentAlert } from './present.ts'

/** How long a socket may take to start what it was handed, and how much longer than the alert itself it may take to finish. */
const startMs = 5_000
const spareMs = 5_000
const missedAfterMs = 10 * 60_000
const maxAttempts = 2
const sweepPage = 50
export const alertMs = 6_000

export interface NewAlert {
  kind: AlertKind
  source_id?: string
  amount: number
  currency: string
  name: string | null
  message: string
  is_test: boolean
}

export type AlertQueue = ReturnType<typeof createAlertQueue>

/**
 * One queue per overlay, driven by compare-and-set on the overlay's row: one alert at a time, held by one socket under a lease. Whatever
 * dies in the middle (the page, the process, the store), the lease runs out and the alert is handed out again.
 */
export function createAlertQueue({
  models,
  unitOfWork,
  relay,
  wall,
  context,
  failpoints,
}: {
  models: OverlayModels
  unitOfWork: UnitOfWork
  relay: Relay
  wall: Wall
  context: () => Context
  failpoints: Failpoints
}) {
  const { Overlays, Alerts } = models

  return Object.freeze({ enqueue, join, leave, started, finished, failed, sweep, forgetPlayers })

  /** Appends an alert and plays it at once when nothing else is playing. A second delivery of the same tip changes nothing. */
  async function enqueue(overlayId: string, alert: NewAlert): Promise<string> {
    const alertId = newId('alr')
    await change(overlayId, async (overlay) => {
      if (alert.source_id && (await Alerts.exists({ overlay_id: overlayId, source_id: alert.source_id }))) return undefined
      const row: AlertRow = {
        ...alert,
        _id: alertId,
        overlay_id: overlayId,
        position: overlay.position + 1,
        duration_ms: alertMs,
        is_replay: false,
        state: 'queued',
        attempts: 0,
        queued_at: wall.now(),
      }
      await Alerts.insertMany([row])
      return { ...overlay, position: row.position }
    })
    return alertId
  }

  async function join(overlayId: string, socketId: string): Promise<{ overlay: OverlayRow; current: AlertRow | null; queued: number }> {
    await change(overlayId, async (overlay) => ({ ...overlay, players: [...overlay.players.filter((each) => each !== socketId), socketId], last_connected_at: wall.now() }))
    const overlay = (await Overlays.findById(overlayId).lean()) ?? fail('not-found')
    const current = overlay.current ? await Alerts.findById(overlay.current).lean() : null
    return { overlay, current, queued: await Alerts.countDocuments({ overlay_id: overlayId, state: 'queued' }) }
  }

  /** A page that goes away in the middle of an alert gives it back: it is played again, from the start, by whoever is next. */
  async function leave(overlayId: string, socketId: string): Promise<OverlayRow | null> {
    await change(overlayId, async (overlay) => {
      const left = { ...overlay, players: overlay.players.filter((each) => each !== socketId) }
      if (overlay.holder !== socketId || !overlay.current) return left
      await Alerts.updateOne({ _id: overlay.current, state: 'playing' }, { $set: { state: 'queued' }, $inc: { attempts: -1 } })
      return { ...left, ...nobody }
    })
    return Overlays.findById(overlayId).lean()
  }

  async function started(overlayId: string, socketId: string, alertId: string): Promise<void> {
    const alert = await find(overlayId, alertId)
    const now = wall.now()
    const held = await Overlays.updateOne({ _id: overlayId, current: alertId, holder: socketId }, { $set: { lease_until: new Date(now.getTime() + alert.duration_ms + spareMs) } })
    if (held.modifiedCount === 1) await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { started_at: now } })
  }

  /** Said twice, it is finished once. */
  async function finished(overlayId: string, socketId: string, alertId: string): Promise<void> {
    await find(overlayId, alertId)
    await change(overlayId, async (overlay) => {
      if (overlay.current !== alertId || overlay.holder !== socketId) return undefined
      await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { state: 'played', finished_at: wall.now() } })
      return { ...overlay, ...nobody }
    })
  }

  async function failed(overlayId: string, socketId: string, alertId: string, reason: string): Promise<void> {
    await find(overlayId, alertId)
    await change(overlayId, async (overlay) => {
      if (overlay.current !== alertId || overlay.holder !== socketId) return undefined
      await giveBack(alertId, reason)
      return { ...overlay, ...nobody }
    })
  }

  /** Finds leases that ran out, on every overlay. */
  async function sweep(): Promise<void> {
    const stale = await Overlays.find({ lease_until: { $type: 'date', $lte: wall.now() } }, { _id: 1 }).limit(sweepPage).lean()
    for (const { _id } of stale) await change(_id, async (overlay) => overlay)
  }

  /** After a start as the only process: the sockets of the one before are gone, and so are their leases. */
  async function forgetPlayers(): Promise<void> {
    await Overlays.updateMany({ 'players.0': { $exists: true } }, { $set: { players: [] } })
    await Overlays.updateMany({ current: { $ne: null } }, { $set: { lease_until: wall.now() } })
  }

  /**
   * The one way in which a queue moves: load, change, then hand out the next alert, all in one transaction; the socket is told after the
   * commit. `step` returns the overlay as it is to be, or nothing when there is nothing to do.
   */
  async function change(overlayId: string, step: (overlay: OverlayRow) => Promise<OverlayRow | undefined>): Promise<void> {
    let handed: { socketId: string; alert: AlertRow } | undefined
    let after: OverlayRow | undefined
    await unitOfWork.run(
      context(),
      async () => {
        handed = undefined
        after = undefined
        const overlay = await Overlays.findById(overlayId).lean()
        if (!overlay) return
        const stepped = await step(overlay)
        if (!stepped) return
        const free = await releaseStale(stepped)
        const next = free.current === null ? await handOut(free) : undefined
        handed = next
        after = next ? { ...free, current: next.alert._id, holder: next.socketId, lease_until: new Date(wall.now().getTime() + startMs) } : free
        const { _id, position, current, holder, lease_until, players, last_connected_at } = after
        await Overlays.updateOne({ _id }, { $set: { position, current, holder, lease_until, players, last_connected_at } })
        failpoints.hit('overlays.queue.before-commit')
      },
      overlayId,
    )
    failpoints.hit('overlays.queue.after-commit')
    if (handed) relay.emit({ event: 'alert:play', namespace: '/overlay', rooms: [handed.socketId], data: presentAlert(handed.alert) }, meta(handed.alert._id))
    if (after) await tellOwner(after)
  }

  // The holder did not finish in time: it is believed gone, and the alert goes back into its place in the queue, once.
  async function releaseStale(overlay: OverlayRow): Promise<OverlayRow> {
    if (!overlay.current || !overlay.lease_until || overlay.lease_until > wall.now()) return overlay
    await giveBack(overlay.current, 'lease ran out')
    return { ...overlay, ...nobody, players: overlay.players.filter((each) => each !== overlay.holder) }
  }

  async function handOut(overlay: OverlayRow): Promise<{ socketId: string; alert: AlertRow } | undefined> {
    const socketId = overlay.players.at(-1)
    if (!socketId) return undefined
    const now = wall.now()
    await Alerts.updateMany({ overlay_id: overlay._id, state: 'queued', queued_at: { $lt: new Date(now.getTime() - missedAfterMs) } }, { $set: { state: 'missed' } })
    const alert = await Alerts.findOneAndUpdate(
      { overlay_id: overlay._id, state: 'queued' },
      { $set: { state: 'playing' }, $inc: { attempts: 1 } },
      { sort: { position: 1 }, returnDocument: 'after' },
    ).lean()
    return alert ? { socketId, alert } : undefined
  }

  async function giveBack(alertId: string, reason: string): Promise<void> {
    const again = await Alerts.updateOne({ _id: alertId, state: 'playing', attempts: { $lt: maxAttempts } }, { $set: { state: 'queued' } })
    if (again.modifiedCount === 0) await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { state: 'failed', failure_reason: reason, finished_at: wall.now() } })
  }

  async function find(overlayId: string, alertId: string): Promise<AlertRow> {
    return (await Alerts.findOne({ _id: alertId, overlay_id: overlayId }).lean()) ?? fail('not-found')
  }

  async function tellOwner(overlay: OverlayRow): Promise<void> {
    const queued = await Alerts.countDocuments({ overlay_id: overlay._id, state: 'queued' })
    relay.emit({ event: 'alert:queue-updated', rooms: [rooms.user(overlay.creator_id)], data: { overlay_id: overlay._id, queued, current: overlay.current } }, meta(newId('evt')))
  }

  function meta(eventId: string) {
    return { event_id: eventId, at: wall.now().toISOString() }
  }
}

const nobody = Object.freeze({ current: null, holder: null, lease_until: null })
