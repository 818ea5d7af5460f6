import type { Bell } from '../../kernel/bell.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { jitter, newId } from '../../kernel/ids.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Relations } from '../profiles/index.ts'
import type { AlertKind, QueueState } from './contract.ts'
import type { AlertRow, OverlayModels, OverlayRow } from './model.ts'
import { presentPlay } from './present.ts'
import { chooseVariation, complete } from './variations.ts'

/** How long a socket may take to start what it was handed, and how much longer than the alert itself it may take to finish. */
const startMs = 5_000
const spareMs = 5_000
const tellAgainAfterMs = 1_000
export const missedAfterMs = 10 * 60_000
const maxAttempts = 2
const sweepPage = 50

export interface NewAlert {
  kind: AlertKind
  source_id?: string
  sender_id?: string
  amount: number
  currency: string
  name: string | null
  message: string
  first_tip: boolean
  is_test: boolean
}

/** One step of a queue: the overlay as it is to be, and what else is to happen. */
export interface Step {
  overlay: OverlayRow
  /** hands out the next alert although the queue is paused or rests */
  playNow?: boolean
  /** the running alert that the page takes off its screen */
  skipped?: string
  /** the alert that the step made or moved */
  alertId?: string
}

export type Stepped = QueueState & { alert_id: string | null }

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
  bell,
  context,
  failpoints,
  relations,
  processId,
  aliveProcesses,
}: {
  models: OverlayModels
  unitOfWork: UnitOfWork
  relay: Relay
  wall: Wall
  bell: Pick<Bell, 'ring'>
  context: () => Context
  failpoints: Failpoints
  relations: Relations
  processId: string
  /** ids of all processes that were seen lately */
  aliveProcesses: () => Promise<string[]>
}) {
  const { Overlays, Alerts } = models
  const playerOf = (socketId: string): string => `${processId}/${socketId}`
  let known: ReadonlySet<string> | undefined

  return Object.freeze({ enqueue, join, leave, started, finished, failed, sweep, tellAgain, forgetDead, forgetPlayers, change })

  /**
   * Appends an alert and plays it at once when nothing else is playing. A second delivery of the same tip changes nothing, and a tip under
   * the overlay's least amount makes no alert.
   */
  async function enqueue(overlayId: string, { first_tip, ...alert }: NewAlert): Promise<string> {
    const alertId = newId('alr')
    await change(overlayId, async (overlay) => {
      if (alert.source_id && (await Alerts.exists({ overlay_id: overlayId, source_id: alert.source_id }))) return undefined
      if (!alert.is_test && alert.amount < overlay.config.min_alert_amount) return undefined
      const { variation_id, image_url, sound, animation, layout, template, duration_ms } = chooseVariation(complete(overlay.config).variations, { amount: alert.amount, first_tip }, jitter())
      const row: AlertRow = {
        ...alert,
        _id: alertId,
        overlay_id: overlayId,
        position: overlay.position + 1,
        variation_id,
        image_url,
        sound,
        animation,
        layout,
        template,
        duration_ms,
        is_replay: false,
        state: 'queued',
        priority: 0,
        attempts: 0,
        queued_at: wall.now(),
      }
      await Alerts.insertMany([row])
      return { overlay: { ...overlay, position: row.position } }
    })
    return alertId
  }

  /** Nothing when all seats are taken: many may have been let in at the same moment. */
  async function join(overlayId: string, socketId: string, seats: number): Promise<{ overlay: OverlayRow; current: AlertRow | null; queued: number } | undefined> {
    const player = playerOf(socketId)
    let isSeated = false
    await change(overlayId, async (overlay) => {
      const others = overlay.players.filter((each) => each !== player)
      isSeated = others.length < seats
      return isSeated ? { overlay: { ...overlay, players: [...others, player], last_connected_at: wall.now() } } : undefined
    })
    if (!isSeated) return undefined
    const overlay = (await Overlays.findById(overlayId).lean()) ?? fail('not-found')
    const current = overlay.current ? await Alerts.findById(overlay.current).lean() : null
    return { overlay, current, queued: await waiting(overlayId) }
  }

  /** A page that goes away in the middle of an alert gives it back: it is played again, from the start, by whoever is next. */
  async function leave(overlayId: string, socketId: string): Promise<OverlayRow | null> {
    return withdraw(overlayId, [playerOf(socketId)])
  }

  async function withdraw(overlayId: string, gone: readonly string[]): Promise<OverlayRow | null> {
    await change(overlayId, async (overlay) => {
      const left = { ...overlay, players: overlay.players.filter((each) => !gone.includes(each)) }
      if (!overlay.holder || !gone.includes(overlay.holder) || !overlay.current) return { overlay: left }
      await Alerts.updateOne({ _id: overlay.current, state: 'playing' }, { $set: { state: 'queued' }, $inc: { attempts: -1 } })
      return { overlay: { ...left, ...nobody } }
    })
    return Overlays.findById(overlayId).lean()
  }

  async function started(overlayId: string, socketId: string, alertId: string): Promise<void> {
    const alert = await find(overlayId, alertId)
    const now = wall.now()
    const held = await Overlays.updateOne({ _id: overlayId, current: alertId, holder: playerOf(socketId) }, { $set: { lease_until: new Date(now.getTime() + alert.duration_ms + spareMs) } })
    if (held.modifiedCount === 1) await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { started_at: now } })
  }

  /** Said twice, it is finished once. */
  async function finished(overlayId: string, socketId: string, alertId: string): Promise<void> {
    await find(overlayId, alertId)
    await change(overlayId, async (overlay) => {
      if (overlay.current !== alertId || overlay.holder !== playerOf(socketId)) return undefined
      await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { state: 'played', finished_at: wall.now() } })
      return { overlay: resting(overlay) }
    })
  }

  async function failed(overlayId: string, socketId: string, alertId: string, reason: string): Promise<void> {
    await find(overlayId, alertId)
    await change(overlayId, async (overlay) => {
      if (overlay.current !== alertId || overlay.holder !== playerOf(socketId)) return undefined
      await giveBack(alertId, reason)
      return { overlay: resting(overlay) }
    })
  }

  /** Finds leases that ran out and gaps that are over, on every overlay. */
  async function sweep(): Promise<void> {
    const stale = await Overlays.find({ lease_until: { $type: 'date', $lte: wall.now() } }, { _id: 1 }).limit(sweepPage).lean()
    for (const { _id } of stale) await goOn(_id)
    if (stale.length === sweepPage) bell.ring()
  }

  /**
   * What another process handed to a socket of this one, and was lost between the two while Redis was away: the rows know it. A page that
   * was told already says only once more that it started.
   */
  async function tellAgain(): Promise<void> {
    if (!relay.holdsAny('/overlay')) return
    const now = wall.now().getTime()
    const untold = { $gt: new Date(now), $lte: new Date(now + startMs - tellAgainAfterMs) }
    const held = (await Overlays.find({ lease_until: untold, current: { $type: 'string' } }).lean()).filter(({ holder }) => holder !== null && relay.holds('/overlay', socketOf(holder)))
    for (const overlay of held) {
      const alert = await Alerts.findOne({ _id: overlay.current as string, state: 'playing', started_at: { $exists: false } }).lean()
      if (alert) relay.emit({ event: 'alert:play', namespace: '/overlay', rooms: [socketOf(overlay.holder as string)], data: presentPlay(await withoutTheSilenced(overlay, alert), overlay) }, meta(alert._id))
    }
  }

  /**
   * Pages of processes that died connect anew elsewhere; what they left behind would take their seats and seem connected. Looked for when
   * a process is missing that was there before, or this one has just started.
   * @returns the overlays that lost a page
   */
  async function forgetDead(): Promise<OverlayRow[]> {
    const alive = new Set([processId, ...(await aliveProcesses())])
    const isMissing = known === undefined || [...known].some((each) => !alive.has(each))
    if (!isMissing) {
      known = alive
      return []
    }
    const changed: OverlayRow[] = []
    for await (const { _id, players } of Overlays.find({ 'players.0': { $exists: true } }, { players: 1 }).lean().cursor()) {
      const gone = players.filter((each) => !alive.has(processOf(each)))
      const left = gone.length > 0 ? await withdraw(_id, gone) : null
      if (left) changed.push(left)
    }
    // Only now: a look that broke off is repeated.
    known = alive
    return changed
  }

  /** After a start as the only process: the sockets of the one before are gone, and so are their leases. */
  async function forgetPlayers(): Promise<void> {
    await Overlays.updateMany({ 'players.0': { $exists: true } }, { $set: { players: [] } })
    await Overlays.updateMany({ current: { $ne: null } }, { $set: { lease_until: wall.now() } })
  }

  /**
   * The one way in which a queue moves: load, change, then hand out the next alert, all in one transaction; the socket is told after the
   * commit. `step` returns nothing when there is nothing to do.
   */
  async function change(overlayId: string, step: (overlay: OverlayRow, tx: Tx) => Promise<Step | undefined>): Promise<Stepped | undefined> {
    let handed: { player: string; alert: AlertRow } | undefined
    let after: OverlayRow | undefined
    let skipped: string | undefined
    const state = await unitOfWork.run(
      context(),
      async (tx) => {
        handed = undefined
        after = undefined
        const overlay = await Overlays.findById(overlayId).lean()
        if (!overlay) return undefined
        const stepped = await step(overlay, tx)
        if (!stepped) return undefined
        skipped = stepped.skipped
        const free = await releaseStale(stepped.overlay)
        const next = mayHandOut(free, stepped.playNow ?? false) ? await handOut(free) : undefined
        handed = next
        after = next ? { ...free, current: next.alert._id, holder: next.player, lease_until: new Date(wall.now().getTime() + startMs) } : free
        const { _id, position, current, holder, lease_until, players, last_connected_at, paused_at, muted, config_version } = after
        await Overlays.updateOne({ _id }, { $set: { position, current, holder, lease_until, players, last_connected_at, paused_at, muted, config_version } })
        failpoints.hit('overlays.queue.before-commit')
        return { overlay_id: _id, queued: await waiting(_id), current, paused: paused_at !== null, muted, alert_id: stepped.alertId ?? null }
      },
      overlayId,
    )
    failpoints.hit('overlays.queue.after-commit')
    if (!state || !after) return state
    if (skipped) relay.emit({ event: 'alert:skip', namespace: '/overlay', rooms: [rooms.overlay(overlayId)], data: { alert_id: skipped } }, meta())
    if (handed) relay.emit({ event: 'alert:play', namespace: '/overlay', rooms: [socketOf(handed.player)], data: presentPlay(handed.alert, after) }, meta(handed.alert._id))
    const { alert_id: _mine, ...told } = state
    relay.emit({ event: 'alert:queue-updated', rooms: [rooms.user(after.creator_id)], data: told }, meta())
    // A gap of half a second should last half a second, and a page that fell silent should not hold up the others for longer than its lease.
    if (after.lease_until) bell.ring(after.lease_until.getTime() - wall.now().getTime())
    return state
  }

  async function goOn(overlayId: string): Promise<void> {
    await change(overlayId, async (overlay) => ({ overlay }))
  }

  // The holder did not finish in time: it is believed gone, and the alert goes back into its place in the queue, once.
  async function releaseStale(overlay: OverlayRow): Promise<OverlayRow> {
    if (!overlay.lease_until || overlay.lease_until > wall.now()) return overlay
    if (!overlay.current) return { ...overlay, ...nobody }
    await giveBack(overlay.current, 'lease ran out')
    return { ...overlay, ...nobody, players: overlay.players.filter((each) => each !== overlay.holder) }
  }

  async function handOut(overlay: OverlayRow): Promise<{ player: string; alert: AlertRow } | undefined> {
    const player = overlay.players.at(-1)
    if (!player) return undefined
    const now = wall.now()
    await Alerts.updateMany({ overlay_id: overlay._id, state: 'queued', queued_at: { $lt: new Date(now.getTime() - missedAfterMs) } }, { $set: { state: 'missed' } })
    const alert = await Alerts.findOneAndUpdate(
      { overlay_id: overlay._id, state: 'queued' },
      { $set: { state: 'playing' }, $unset: { started_at: true }, $inc: { attempts: 1 } },
      { sort: { priority: -1, position: 1 }, returnDocument: 'after' },
    ).lean()
    return alert ? { player, alert: await withoutTheSilenced(overlay, alert) } : undefined
  }

  // Asked when it is played, not when it was queued: a block or a mute in between holds for what still waits.
  async function withoutTheSilenced({ creator_id }: OverlayRow, alert: AlertRow): Promise<AlertRow> {
    if (!alert.sender_id || !(await relations.between({ by: creator_id, whom: alert.sender_id })).silenced) return alert
    const masked = { name: null, message: '' }
    await Alerts.updateOne({ _id: alert._id }, { $set: masked })
    return { ...alert, ...masked }
  }

  async function giveBack(alertId: string, reason: string): Promise<void> {
    const again = await Alerts.updateOne({ _id: alertId, state: 'playing', attempts: { $lt: maxAttempts } }, { $set: { state: 'queued' } })
    if (again.modifiedCount === 0) await Alerts.updateOne({ _id: alertId, state: 'playing' }, { $set: { state: 'failed', failure_reason: reason, finished_at: wall.now() } })
  }

  function resting(overlay: OverlayRow): OverlayRow {
    const { gap_ms } = overlay.config
    return { ...overlay, ...nobody, lease_until: gap_ms > 0 ? new Date(wall.now().getTime() + gap_ms) : null }
  }

  async function find(overlayId: string, alertId: string): Promise<AlertRow> {
    return (await Alerts.findOne({ _id: alertId, overlay_id: overlayId }).lean()) ?? fail('not-found')
  }

  async function waiting(overlayId: string): Promise<number> {
    return Alerts.countDocuments({ overlay_id: overlayId, state: 'queued' })
  }

  function meta(eventId: string = newId('evt')) {
    return { event_id: eventId, at: wall.now().toISOString() }
  }
}

/** A player is a socket of a process: its name tells both. */
function processOf(player: string): string {
  return player.slice(0, Math.max(0, player.indexOf('/')))
}

function socketOf(player: string): string {
  return player.slice(player.indexOf('/') + 1)
}

/** While nothing plays, `lease_until` is the end of a gap. */
function mayHandOut({ current, paused_at, lease_until }: OverlayRow, playNow: boolean): boolean {
  return current === null && (playNow || (paused_at === null && lease_until === null))
}

export const nobody = Object.freeze({ current: null, holder: null, lease_until: null })
