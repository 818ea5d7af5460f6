import { createHash } from 'node:crypto'
import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure, fail } from '../../kernel/errors.ts'
import { newId, newToken } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Admission, LiveSocket } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { AnnouncedTip } from '../tips/contract.ts'
import type { OverlayConfiguration } from './config.ts'
import type { AlertKind, Overlay, OverlayLink } from './contract.ts'
import type { OverlayModels } from './model.ts'
import { presentOverlay, presentPlay } from './present.ts'
import type { AlertQueue } from './queue.ts'
import { defaultConfig } from './variations.ts'

const maxOverlays = 20
const maxSockets = 5
const testAmount = 500
const tokenPattern = /^[A-Za-z0-9_-]{43}$/

export interface OverlayDependencies {
  models: OverlayModels
  queue: AlertQueue
  configuration: Pick<OverlayConfiguration, 'viewOf'>
  unitOfWork: UnitOfWork
  relay: Relay
  audit: Audit
  wall: Wall
  publicUrl: () => string
  defaultCurrency: string
}

export type OverlayService = ReturnType<typeof createOverlayService>

export function createOverlayService({ models, queue, configuration, unitOfWork, relay, audit, wall, publicUrl, defaultCurrency }: OverlayDependencies) {
  const { Overlays, Alerts } = models
  /** the overlay sockets of this process and the epoch that let them in */
  const live = new Map<string, { socket: LiveSocket; overlayId: string; epoch: number }>()

  return Object.freeze({ create, list, rotate, test, alertTip, started, finished, failed, admit, entered, left, recheck, closeSockets, forgetDead })

  /** The token is told once, here; what is stored is its hash. */
  async function create(ctx: Context, { name = 'Overlay' }: { name?: string }): Promise<OverlayLink> {
    const { user_id } = userOf(ctx)
    ensure((await Overlays.countDocuments({ creator_id: user_id })) < maxOverlays, 'conflict', `At most ${maxOverlays} overlays`)
    const token = newToken()
    const overlay_id = newId('ovl')
    await Overlays.insertMany([
      {
        _id: overlay_id,
        creator_id: user_id,
        name,
        token_hash: hashOf(token),
        epoch: 1,
        position: 0,
        current: null,
        holder: null,
        lease_until: null,
        paused_at: null,
        muted: false,
        config: defaultConfig,
        config_version: 1,
        players: [],
        last_connected_at: null,
        created_at: wall.now(),
      },
    ])
    return link(overlay_id, token)
  }

  async function list(ctx: Context): Promise<{ data: Overlay[]; has_more: boolean; next: null }> {
    const rows = await Overlays.find({ creator_id: userOf(ctx).user_id }).sort({ _id: 1 }).limit(maxOverlays).lean()
    const data = await Promise.all(rows.map(async (row) => presentOverlay(row, await Alerts.countDocuments({ overlay_id: row._id, state: 'queued' }))))
    return { data, has_more: false, next: null }
  }

  /** A new address; the old one is dead at once, and so are the sockets that came by it. */
  async function rotate(ctx: Context, { overlay_id }: { overlay_id: string }): Promise<OverlayLink> {
    const { user_id } = userOf(ctx)
    const token = newToken()
    await unitOfWork.run(ctx, async (tx) => {
      const changed = await Overlays.updateOne({ _id: overlay_id, creator_id: user_id }, { $set: { token_hash: hashOf(token) }, $inc: { epoch: 1 } })
      ensure(changed.matchedCount === 1, 'not-found')
      await tx.publish('overlay.rotated', { overlay_id, creator_id: user_id })
      await audit.record(tx, ctx, { action: 'overlay.rotated', subject: overlay_id })
    })
    return link(overlay_id, token)
  }

  /** Plays like a tip and touches no money. */
  async function test(ctx: Context, input: { overlay_id: string; kind?: AlertKind; amount?: number; message?: string }): Promise<{ alert_id: string }> {
    const { user_id } = userOf(ctx)
    ensure(await Overlays.exists({ _id: input.overlay_id, creator_id: user_id }), 'not-found')
    const alert_id = await queue.enqueue(input.overlay_id, {
      kind: input.kind ?? 'tip',
      amount: input.amount ?? testAmount,
      currency: defaultCurrency,
      name: 'Test',
      message: input.message ?? 'This is how a tip looks.',
      first_tip: false,
      is_test: true,
    })
    return { alert_id }
  }

  /** @param tip null for what the audience does not see
   *  @param sentAt wall time: an overlay that is younger than the tip does not show it, however late its news comes */
  async function alertTip(tip: AnnouncedTip | null, fanId: string, sentAt: Date): Promise<void> {
    if (!tip) return
    const overlays = await Overlays.find({ creator_id: tip.creator_id, created_at: { $lte: sentAt } }, { _id: 1 }).lean()
    for (const { _id } of overlays)
      await queue.enqueue(_id, { kind: 'tip', source_id: tip.tip_id, sender_id: fanId, amount: tip.amount, currency: tip.currency, name: tip.name, message: tip.message, first_tip: tip.first_tip, is_test: false })
  }

  async function started(ctx: Context, { alert_id }: { alert_id: string }): Promise<Record<string, never>> {
    await queue.started(overlayOf(ctx), socketOf(ctx), alert_id)
    return {}
  }

  async function finished(ctx: Context, { alert_id }: { alert_id: string }): Promise<Record<string, never>> {
    await queue.finished(overlayOf(ctx), socketOf(ctx), alert_id)
    return {}
  }

  async function failed(ctx: Context, { alert_id, reason = 'not told' }: { alert_id: string; reason?: string }): Promise<Record<string, never>> {
    await queue.failed(overlayOf(ctx), socketOf(ctx), alert_id, reason)
    return {}
  }

  /** @throws AppError `unauthenticated` for a token that opens nothing (any more), `busy` beyond five sockets */
  async function admit(auth: Readonly<Record<string, unknown>>): Promise<Admission> {
    const token = auth['token']
    ensure(typeof token === 'string' && tokenPattern.test(token), 'unauthenticated')
    const overlay = await Overlays.findOne({ token_hash: hashOf(token) }).lean()
    ensure(overlay, 'unauthenticated')
    ensure(overlay.players.length < maxSockets, 'busy', `At most ${maxSockets} players on one overlay`)
    return { actor: { kind: 'overlay', overlay_id: overlay._id, creator_id: overlay.creator_id, epoch: overlay.epoch }, rooms: [rooms.overlay(overlay._id)] }
  }

  async function entered(socket: LiveSocket): Promise<void> {
    if (socket.actor.kind !== 'overlay') return
    const { overlay_id, creator_id, epoch } = socket.actor
    live.set(socket.id, { socket, overlayId: overlay_id, epoch })
    const joined = await queue.join(overlay_id, socket.id, maxSockets)
    if (!joined) return socket.refuse(new AppError('busy', { detail: `At most ${maxSockets} players on one overlay` }))
    const { overlay, current, queued } = joined
    const view = await configuration.viewOf(overlay)
    socket.emit('overlay:state', { ...view, queued, current: current ? presentPlay(current, overlay) : null, position: overlay.position, paused: overlay.paused_at !== null })
    tellOwner(creator_id, overlay_id, true)
  }

  async function left(socket: LiveSocket): Promise<void> {
    live.delete(socket.id)
    if (socket.actor.kind !== 'overlay') return
    const overlay = await queue.leave(socket.actor.overlay_id, socket.id)
    if (overlay) tellOwner(overlay.creator_id, overlay._id, overlay.players.length > 0)
  }

  /** Once a minute every socket's right is looked up again: a rotation whose news was lost still lands. */
  async function recheck(): Promise<void> {
    const ids = [...new Set([...live.values()].map((each) => each.overlayId))]
    if (ids.length === 0) return
    const rows = await Overlays.find({ _id: { $in: ids } }, { epoch: 1 }).lean()
    const present = new Map(rows.map((row) => [row._id, row.epoch]))
    for (const { socket, overlayId, epoch } of live.values()) if (present.get(overlayId) !== epoch) socket.close()
  }

  async function forgetDead(): Promise<void> {
    for (const overlay of await queue.forgetDead()) tellOwner(overlay.creator_id, overlay._id, overlay.players.length > 0)
  }

  async function closeSockets(overlayId: string): Promise<void> {
    relay.emit({ event: 'overlay:token-rotated', namespace: '/overlay', rooms: [rooms.overlay(overlayId)], data: { overlay_id: overlayId } }, meta())
    relay.close('/overlay', rooms.overlay(overlayId))
  }

  function tellOwner(creatorId: string, overlayId: string, online: boolean): void {
    relay.emit({ event: 'overlay:connected', rooms: [rooms.user(creatorId)], data: { overlay_id: overlayId, online } }, meta())
  }

  function meta() {
    return { event_id: newId('evt'), at: wall.now().toISOString() }
  }

  function link(overlay_id: string, token: string): OverlayLink {
    // In the fragment it reaches no server log, no proxy and no Referer.
    return { overlay_id, token, url: `${publicUrl()}/overlay/#${token}` }
  }
}

function overlayOf(ctx: Context): string {
  return ctx.actor.kind === 'overlay' ? ctx.actor.overlay_id : fail('forbidden')
}

function socketOf(ctx: Context): string {
  return ctx.socket_id ?? fail('forbidden')
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
