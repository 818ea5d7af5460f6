import type { Wall } from '../../kernel/clock.ts'
import { capOf, isCurrency } from '../../kernel/currency.ts'
import type { Check, CheckOptions, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { balanceId, kindOf, splitBalanceId } from './chart.ts'
import { deltasOf, type EntryRow } from './entry.ts'
import { merkleRoot } from './merkle.ts'
import type { BatchRow, LedgerModels } from './model.ts'
import { hashBatch, headerOf, leafOf, presentRoot, verifyRoot } from './proof.ts'
import { genesis } from './sealer.ts'

const batchPage = 20
const maxReported = 100
const oldestUnsealedMs = 60_000

/**
 * The ledger's invariants, each a function that reports and repairs nothing. Batches are walked page by page from the last verified one;
 * what must agree at one instant is compared in one short snapshot.
 */
export function createLedgerChecks({ models, unitOfWork, wall }: { models: LedgerModels; unitOfWork: UnitOfWork; wall: Wall }): Check[] {
  const { Entries, Balances, Unsealed, Batches, Heads, Roots, Keys } = models

  return [
    { name: 'ledger.entries-balance', run: entriesBalance },
    { name: 'ledger.references-unique', run: referencesUnique },
    { name: 'ledger.balances-fold', run: balancesFold },
    { name: 'ledger.none-below-zero', run: noneBelowZero },
    { name: 'ledger.sealed-xor-unsealed', run: sealedXorUnsealed },
    { name: 'ledger.batches', run: batchesRecompute },
    { name: 'ledger.roots', run: rootsVerify },
    { name: 'ledger.trial-balance', run: trialBalance },
    { name: 'ledger.sealed-in-time', run: sealedInTime },
  ]

  /** (a), I2, I4: at least two postings, equal sides, amounts that are amounts, an account once. */
  async function entriesBalance(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const entry of Entries.find({}).sort({ _id: 1 }).lean().cursor()) {
      const fault = faultOf(entry)
      if (fault) found.push({ check: 'ledger.entries-balance', detail: fault, subject: entry._id })
      if (found.length >= maxReported) break
    }
    return found
  }

  /** (b): the same business fact is posted once, and the index that promises it stands. */
  async function referencesUnique(): Promise<Violation[]> {
    const twice = await Entries.aggregate<{ _id: string; n: number }>([{ $group: { _id: '$reference', n: { $sum: 1 } } }, { $match: { n: { $gt: 1 } } }, { $limit: maxReported }])
    const indexes = await Entries.collection.indexes()
    const guarded = indexes.some((index) => index.unique === true && JSON.stringify(index.key) === '{"reference":1}')
    return [
      ...twice.map(({ _id, n }) => ({ check: 'ledger.references-unique', detail: `${n} entries have this reference`, subject: _id })),
      ...(guarded ? [] : [{ check: 'ledger.references-unique', detail: 'the unique index is missing' }]),
    ]
  }

  /** (c), I1: what is posted and what waits is the sum of all postings, account by account, in one snapshot. */
  async function balancesFold(): Promise<Violation[]> {
    const { stored, folded } = await snapshot()
    const strange = [...stored.keys()].filter((id) => !isKnown(id)).map((id) => ({ check: 'ledger.balances-fold', detail: 'is no balance of the chart', subject: id }))
    const wrong = [...new Set([...stored.keys(), ...folded.keys()])]
      .filter((id) => isKnown(id) && (stored.get(id) ?? 0) !== (folded.get(id) ?? 0))
      .slice(0, maxReported)
      .map((id) => ({ check: 'ledger.balances-fold', detail: `stored ${stored.get(id) ?? 0}, postings add up to ${folded.get(id) ?? 0}`, subject: id }))
    return [...strange, ...wrong]
  }

  /** (d): nobody has spent what was not there. */
  async function noneBelowZero(): Promise<Violation[]> {
    const { stored } = await snapshot()
    return [...stored]
      .filter(([id, total]) => isKnown(id) && kindOf(splitBalanceId(id).name).class !== 'open' && total < 0)
      .slice(0, maxReported)
      .map(([id, total]) => ({ check: 'ledger.none-below-zero', detail: `holds ${total}`, subject: id }))
  }

  /** (e): every entry waits, or stands in exactly one batch. */
  async function sealedXorUnsealed(): Promise<Violation[]> {
    return unitOfWork.read(async () => {
      const places = new Map<string, number>()
      for await (const batch of Batches.find({}, { entry_ids: 1 }).lean().cursor()) for (const id of batch.entry_ids) places.set(id, (places.get(id) ?? 0) + 1)
      for await (const row of Unsealed.find({}, { _id: 1 }).lean().cursor()) places.set(row._id, (places.get(row._id) ?? 0) + 1)
      const found: Violation[] = []
      for await (const { _id } of Entries.find({}, { _id: 1 }).lean().cursor()) {
        const n = places.get(_id) ?? 0
        places.delete(_id)
        if (n !== 1) found.push({ check: 'ledger.sealed-xor-unsealed', detail: n === 0 ? 'is neither sealed nor waiting' : `stands in ${n} places`, subject: _id })
      }
      for (const id of places.keys()) found.push({ check: 'ledger.sealed-xor-unsealed', detail: 'is named but does not exist', subject: id })
      return found.slice(0, maxReported)
    })
  }

  /** (f), I5: batches are dense, chained, and their roots recompute from the entries as they are now. */
  async function batchesRecompute({ full }: CheckOptions): Promise<Violation[]> {
    const start = full ? null : await Heads.findById('verified').lean()
    let n = start?.n ?? 0
    let prev = start?.hash ?? genesis
    for (;;) {
      const page = await Batches.find({ _id: { $gt: n } }).sort({ _id: 1 }).limit(batchPage).lean()
      const sealed = new Map((await Entries.find({ _id: { $in: page.flatMap((batch) => batch.entry_ids) } }).lean()).map((entry) => [entry._id, entry]))
      for (const batch of page) {
        const fault = faultOfBatch(batch, n, prev, sealed)
        if (fault) return [{ check: 'ledger.batches', detail: fault, subject: String(batch._id) }]
        n = batch._id
        prev = batch.hash
      }
      if (page.length < batchPage) break
    }
    const head = await Heads.findById('head').lean()
    if ((head?.n ?? 0) < n || (head?.n === n && head.hash !== prev)) return [{ check: 'ledger.batches', detail: 'the head does not name the last batch', subject: String(n) }]
    if (head && head.n > n && !(await Batches.exists({ _id: { $gt: n } }))) return [{ check: 'ledger.batches', detail: `the head names batch ${head.n}, which is missing`, subject: String(head.n) }]
    if (n > 0) await Heads.updateOne({ _id: 'verified' }, { $set: { n, hash: prev } }, { upsert: true })
    return []
  }

  /** (f): every signed root names a batch as it is now, and its signature holds. */
  async function rootsVerify(): Promise<Violation[]> {
    const keys = new Map((await Keys.find({}).lean()).map((key) => [key._id, key.public_key]))
    const found: Violation[] = []
    for await (const root of Roots.find({}).lean().cursor()) {
      const batch = await Batches.findById(root._id, { hash: 1 }).lean()
      const key = keys.get(root.key_id)
      const fault =
        batch?.hash !== root.hash ? 'names a batch that is not there as it was signed' : !key ? 'was signed with a key that nobody knows' : verifyRoot(presentRoot(root), key) ? undefined : 'its signature does not hold'
      if (fault) found.push({ check: 'ledger.roots', detail: fault, subject: String(root._id) })
      if (found.length >= maxReported) break
    }
    return found
  }

  /** (g), I1: over all accounts, debits equal credits in every currency. */
  async function trialBalance(): Promise<Violation[]> {
    const totals = new Map<string, number>()
    const { stored } = await snapshot()
    for (const [id, amount] of [...stored].filter(([key]) => isKnown(key))) {
      const { name, currency } = splitBalanceId(id)
      totals.set(currency, (totals.get(currency) ?? 0) + (kindOf(name).normal === 'debit' ? amount : -amount))
    }
    return [...totals].filter(([, difference]) => difference !== 0).map(([currency, difference]) => ({ check: 'ledger.trial-balance', detail: `debits and credits differ by ${difference}`, subject: currency }))
  }

  /** (h): the sealer keeps up. */
  async function sealedInTime(): Promise<Violation[]> {
    const oldest = await Unsealed.findOne({}).sort({ _id: 1 }).lean()
    if (!oldest) return []
    const age = wall.now().getTime() - oldest.since.getTime()
    return age > oldestUnsealedMs ? [{ check: 'ledger.sealed-in-time', detail: `has waited ${Math.round(age / 1000)} s to be sealed`, subject: oldest._id }] : []
  }

  async function snapshot(): Promise<{ stored: Map<string, number>; folded: Map<string, number> }> {
    return unitOfWork.read(async () => {
      const stored = new Map<string, number>()
      const folded = new Map<string, number>()
      const add = (totals: Map<string, number>, id: string, amount: number) => totals.set(id, (totals.get(id) ?? 0) + amount)
      for await (const row of Balances.find({}).lean().cursor()) add(stored, row._id, row.posted)
      for await (const row of Unsealed.find({}).lean().cursor()) for (const each of row.deltas) add(stored, each.balance, each.delta)
      for await (const entry of Entries.find({}, { postings: 1, currency: 1 }).lean().cursor()) for (const each of deltasOf(knownPart(entry))) add(folded, each.balance, each.delta)
      return { stored, folded }
    })
  }

  // What the chart does not know is reported as the entry's own fault; here it must not end the count of all the others.
  function knownPart({ postings, currency }: Pick<EntryRow, 'postings' | 'currency'>): Pick<EntryRow, 'postings' | 'currency'> {
    return { currency, postings: postings.filter(({ account }) => isKnown(balanceId(account, currency))) }
  }

  function faultOfBatch(batch: BatchRow, n: number, prev: string, byId: ReadonlyMap<string, EntryRow>): string | undefined {
    if (batch._id !== n + 1) return `follows ${n}: there is a gap`
    if (batch.prev !== prev) return 'does not name the batch before it'
    if (batch.count !== batch.entry_ids.length) return 'counts other than it holds'
    const missing = batch.entry_ids.find((id) => !byId.has(id))
    if (missing) return `entry ${missing} is gone`
    const leaves = batch.entry_ids.map((id) => leafOf(byId.get(id) as EntryRow))
    if (merkleRoot(leaves).toString('hex') !== batch.root) return 'its root does not recompute: an entry was altered'
    return hashBatch(headerOf(batch)) === batch.hash ? undefined : 'its hash does not recompute'
  }

  function faultOf(entry: EntryRow): string | undefined {
    if (!isCurrency(entry.currency)) return `is in ${String(entry.currency)}, which is no currency here`
    if (entry.postings.length < 2) return 'has fewer than two postings'
    if (new Set(entry.postings.map((posting) => posting.account)).size !== entry.postings.length) return 'names an account twice'
    if (entry.postings.some(({ amount }) => !Number.isSafeInteger(amount) || amount < 1 || amount > capOf(entry.currency))) return 'has an amount that is none'
    const difference = entry.postings.reduce((total, { side, amount }) => total + (side === 'debit' ? amount : -amount), 0)
    if (difference !== 0) return `debits and credits differ by ${difference}`
    const unknown = entry.postings.find(({ account }) => !isKnown(balanceId(account, entry.currency)))
    return unknown ? `names ${unknown.account}, which the chart does not know` : undefined
  }

  function isKnown(id: string): boolean {
    try {
      kindOf(splitBalanceId(id).name)
      return true
    } catch {
      return false
    }
  }
}
