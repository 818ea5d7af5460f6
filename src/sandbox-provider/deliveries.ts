import type { ClientSession } from 'mongodb'
import type { Clock, Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { DueRow } from '../kernel/feature.ts'
import { type HttpClient, OutboundError } from '../platform/http-client.ts'
import { createBarrier } from './barrier.ts'
import type { Faults, FaultSwitches } from './faults.ts'
import { sign } from './signature.ts'
import type { Charge, Store, Webhook, Word } from './store.ts'
import { newId, strangersKey } from './tokens.ts'

const leaseMs = 30_000
const answerMs = 10_000
const holdMs = 2_000
const pageSize = 50
const maxAtOnce = 16
const dayMs = 24 * 3600_000
const giveUpMs = 3 * dayMs
const keptMs = 30 * dayMs
/** after the first attempt, the second, …; then hourly */
const pausesMs = [1_000, 5_000, 30_000, 120_000, 600_000]
const hourMs = 3600_000

export type Deliveries = ReturnType<typeof createDeliveries>

/**
 * Webhooks are rows that are due: written with the change that they tell of, claimed under a lease, sent, and due again until somebody
 * answers with 2xx. The schedule is business time, which a sandbox may move; signatures are stamped by the wall. They may come twice, late and in any order, here as everywhere; the faults only make that certain.
 */
export function createDeliveries({
  store,
  faults,
  keys,
  webhookUrl,
  http,
  clock,
  wall,
  wakeIn,
  log,
}: {
  store: Store
  faults: FaultSwitches
  keys: readonly Buffer[]
  webhookUrl: () => string
  http: HttpClient
  clock: Clock
  wall: Wall
  wakeIn: (ms: number) => void
  log: Pick<Logger, 'info' | 'warn' | 'error'>
}) {
  const { webhooks } = store
  const running = new Set<Promise<void>>()

  return Object.freeze({ write, nudge, sendDue, releaseHeld, next: nextDue, takeOver, idle })

  /** Writes what is to be told of a charge. @returns the row; `nudge` it once the transaction is through */
  async function write(charge: Charge, word: Word, session: ClientSession): Promise<Webhook> {
    const now = clock.now()
    const settings = await faults.read(session)
    const dropped = await faults.takeDrop(settings, session)
    const pause = settings.delay_ms + (settings.reorder ? holdMs : 0)
    const row: Webhook = {
      _id: newId('msg'),
      reference: charge.reference,
      body: JSON.stringify({ payment_id: charge.reference, status: word, timestamp: clock.now().toISOString() }),
      state: dropped ? 'dropped' : 'waiting',
      attempts: 0,
      created_at: now,
      ...(dropped
        ? { expires_at: after(wall.now(), keptMs) }
        : { due_at: after(now, pause), ...(settings.reorder ? { held: true as const } : {}) }),
    }
    await webhooks.insertOne(row, { session })
    return row
  }

  /** Sends a new row in this instant if it may go, instead of waiting for the next tick. Ends at once, whatever becomes of it. */
  function nudge(row: Webhook): void {
    if (row.state !== 'waiting') return
    const waitMs = (row.due_at?.getTime() ?? 0) - clock.now().getTime()
    if (waitMs > 0) wakeIn(waitMs)
    if (row.held) track(releaseHeld(2))
    else if (waitMs <= 0 && running.size < maxAtOnce) track(deliver(row._id))
    else wakeIn(Math.max(0, waitMs))
  }

  async function nextDue(): Promise<DueRow | null> {
    const row = await webhooks.findOne({ due_at: { $exists: true } }, { sort: { due_at: 1 } })
    return row?.due_at ? { at: row.due_at, row: row._id } : null
  }

  /** Begins to send what is due, a page of it. @returns how many rows there were, and whether that may not be all */
  async function sendDue(): Promise<{ found: number; more: boolean }> {
    const rows = await webhooks
      .find({ due_at: { $lte: clock.now() } })
      .sort({ due_at: 1 })
      .limit(pageSize)
      .toArray()
    if (rows.some((row) => row.held)) track(releaseHeld(1))
    for (const row of rows.filter((each) => !each.held)) {
      while (running.size >= maxAtOnce) await Promise.race(running)
      track(deliver(row._id))
    }
    return { found: rows.length, more: rows.length === pageSize }
  }

  /** Lets held rows go, the newest first, each when the one before has been answered; nothing while there are fewer than `atLeast`. */
  async function releaseHeld(atLeast: number): Promise<void> {
    const rows = await webhooks.find({ held: true }).sort({ _id: -1 }).limit(pageSize).toArray()
    if (rows.length < atLeast) return
    const claimed: Webhook[] = []
    for (const { _id } of rows) {
      const row = await claim({ _id, held: true })
      if (row) claimed.push(row)
    }
    for (const row of claimed) await send(row)
  }

  /** Ends when all that is under way has been answered. @returns whether anything was */
  async function idle(): Promise<boolean> {
    const wasBusy = running.size > 0
    while (running.size > 0) await Promise.all(running)
    return wasBusy
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => log.warn({ err: error }, 'a webhook of the sandbox waits for the next tick'))
      .finally(() => running.delete(tracked))
    running.add(tracked)
  }

  /** After a start as the only process: whoever was sending these is gone, so nobody waits out their leases. */
  async function takeOver(): Promise<void> {
    await webhooks.updateMany({ state: 'waiting', attempts: { $gt: 0 }, held: { $exists: false } }, { $set: { due_at: clock.now() } })
  }

  async function deliver(id: string): Promise<void> {
    const row = await claim({ _id: id, due_at: { $lte: clock.now() } })
    if (row) await send(row)
  }

  // The claim moves the due date: whoever asks next, here or in another process, finds nothing until the lease is over.
  async function claim(filter: { _id: string; due_at?: { $lte: Date }; held?: true }): Promise<Webhook | null> {
    return webhooks.findOneAndUpdate(
      { ...filter, state: 'waiting' },
      { $set: { due_at: after(clock.now(), leaseMs) }, $inc: { attempts: 1 }, $unset: { held: 1 } },
      { returnDocument: 'after' },
    )
  }

  async function send(row: Webhook): Promise<void> {
    const { duplicate, forge }: Faults = await faults.read()
    const copies = duplicate + 1
    const meet = copies > 1 ? createBarrier(copies, 1_000) : undefined
    const [answers, forged_answers] = await Promise.all([
      Promise.all(Array.from({ length: copies }, () => post(row.body, signedHeaders(row, keys), meet))),
      forge ? sendForgeries(row) : undefined,
    ])
    const outcome = answers.some((status) => status >= 200 && status < 300) ? delivered() : next(row)
    if (outcome.state === 'given_up')
      log.error({ webhook_id: row._id, reference: row.reference, attempts: row.attempts }, 'the sandbox gave up on a webhook')
    const { due_at, ...fields } = outcome
    // Whoever overran its lease no longer owns the row: the number of the attempt tells.
    await webhooks.updateOne(
      { _id: row._id, state: 'waiting', attempts: row.attempts },
      {
        $set: { ...fields, answers, ...(forged_answers ? { forged_answers } : {}), ...(due_at ? { due_at } : {}) },
        ...(due_at ? {} : { $unset: { due_at: 1 as const } }),
      },
    )
    if (due_at) wakeIn(due_at.getTime() - clock.now().getTime())
  }

  function delivered(): Partial<Webhook> {
    return { state: 'delivered', delivered_at: clock.now(), expires_at: after(wall.now(), keptMs) }
  }

  function next(row: Webhook): Partial<Webhook> {
    const now = clock.now()
    if (now.getTime() - row.created_at.getTime() > giveUpMs) return { state: 'given_up', expires_at: after(wall.now(), keptMs) }
    const due_at = after(now, pausesMs[row.attempts - 1] ?? hourMs)
    log.info({ webhook_id: row._id, reference: row.reference, attempts: row.attempts, due_at }, 'a webhook of the sandbox was not taken')
    return { due_at }
  }

  // Lies of the most tempting kind: success, for a payment that exists.
  function sendForgeries(row: Webhook): Promise<number[]> {
    const body = JSON.stringify({ payment_id: row.reference, status: 'success', timestamp: clock.now().toISOString() })
    const signed = signedHeaders({ _id: newId('msg'), body }, [strangersKey()])
    const { 'webhook-signature': _none, ...unsigned } = signedHeaders({ _id: newId('msg'), body }, [])
    return Promise.all([post(body, signed), post(body, unsigned)])
  }

  function signedHeaders({ _id, body }: { _id: string; body: string }, signers: readonly Buffer[]): Record<string, string> {
    const timestamp = Math.floor(wall.now().getTime() / 1000)
    return { 'webhook-id': _id, 'webhook-timestamp': String(timestamp), 'webhook-signature': sign(signers, { id: _id, timestamp, body }) }
  }

  async function post(body: string, headers: Record<string, string>, meet?: () => Promise<void>): Promise<number> {
    try {
      const { status } = await http.request({
        method: 'POST',
        url: webhookUrl(),
        headers: { 'Content-Type': 'application/json', 'User-Agent': 'Ovation-Sandbox', ...headers },
        body,
        totalMs: answerMs,
        repeatable: true,
        maxBytes: 64 * 1024,
        ...(meet ? { ownConnection: true, beforeLastByte: meet } : {}),
      })
      return status
    } catch (error) {
      if (error instanceof OutboundError) return 0
      throw error
    }
  }
}

function after(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms)
}
