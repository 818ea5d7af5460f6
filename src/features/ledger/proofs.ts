import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { LedgerKey, LedgerProof, WalletLineDetail } from './contract.ts'
import { type EntryRow, sealEntry } from './entry.ts'
import { merklePath } from './merkle.ts'
import type { LedgerModels } from './model.ts'
import { headerOf, leafOf, presentRoot } from './proof.ts'
import type { Roots } from './roots.ts'
import { presentLine } from './wallets.ts'

const maxChain = 1_000
const maxKeys = 100

export type Proofs = ReturnType<typeof createProofs>

/** What the ledger can show of itself: the entries behind a wallet line, and for each entry the proof that it stands as it was sealed. */
export function createProofs({ models, roots, unitOfWork }: { models: LedgerModels; roots: Roots; unitOfWork: UnitOfWork }) {
  const { Entries, Unsealed, Batches, Keys, WalletLines } = models

  return Object.freeze({ proof, keys, line })

  /**
   * To whoever has an account in the entry, and to admins. The other parties stay commitments.
   * @throws AppError `not-found`, `stale-state` while it is not sealed
   */
  async function proof(ctx: Context, { entry_id }: { entry_id: string }): Promise<LedgerProof> {
    const entry = await Entries.findById(entry_id).lean()
    ensure(entry && mayProve(ctx, entry), 'not-found')
    const found = (await Batches.findOne({ entry_ids: entry_id }, { _id: 1 }).lean()) ?? fail('stale-state', { detail: 'It is not sealed yet; ask again in a moment', retry_after_ms: 1_000 })
    if (!(await roots.after(found._id))) await roots.signHead()
    const root = (await roots.after(found._id)) ?? fail('stale-state', { detail: 'It is not signed yet', retry_after_ms: 1_000 })
    const batches = await Batches.find({ _id: { $gte: found._id, $lte: root._id } }).sort({ _id: 1 }).limit(maxChain).lean()
    const [own, ...rest] = batches
    ensure(own && batches.length === root._id - own._id + 1, 'stale-state', 'The chain to the next signed root is too long')
    const rows = new Map((await Entries.find({ _id: { $in: own.entry_ids } }).lean()).map((row) => [row._id, row]))
    const leaves = own.entry_ids.map((id) => leafOf(rows.get(id) as EntryRow))
    const index = own.entry_ids.indexOf(entry_id)
    return {
      version: 1,
      entry: sealEntry(entry, (party) => mayName(ctx, party)),
      index,
      path: merklePath(leaves, index).map((hash) => hash.toString('hex')),
      batch: headerOf(own),
      chain: rest.map(headerOf),
      root: presentRoot(root),
    }
  }

  /** Every public key that roots were ever signed with. */
  async function keys(): Promise<{ data: LedgerKey[] }> {
    const rows = await Keys.find({}).sort({ since: -1 }).limit(maxKeys).lean()
    return { data: rows.map(({ _id, public_key, since }) => ({ key_id: _id, public_key, since: since.toISOString() })) }
  }

  /** A line of one's own wallet with the entries behind it. */
  async function line(ctx: Context, { line_id }: { line_id: string }): Promise<WalletLineDetail> {
    const userId = userOf(ctx)
    return unitOfWork.read(async () => {
      const row = (await WalletLines.findOne({ _id: line_id, wallet_id: userId }).lean()) ?? fail('not-found')
      const entries = await Entries.find({ source: row.source_id }).sort({ _id: 1 }).limit(maxKeys).lean()
      const waiting = new Set((await Unsealed.find({ _id: { $in: entries.map((entry) => entry._id) } }, { _id: 1 }).lean()).map((each) => each._id))
      return {
        ...presentLine(row),
        entries: entries.map((entry) => ({
          entry_id: entry._id,
          reason: entry.reason,
          currency: entry.currency,
          at: entry.at.toISOString(),
          sealed: !waiting.has(entry._id),
          postings: entry.postings.map(({ account, side, amount }) => ({ account: mayName(ctx, account) ? account : 'another', side, amount })),
        })),
      }
    })
  }
}

function userOf(ctx: Context): string {
  return ctx.actor.kind === 'user' ? ctx.actor.user_id : fail('unauthenticated')
}

function mayProve(ctx: Context, entry: EntryRow): boolean {
  const { actor } = ctx
  if (actor.kind !== 'user') return false
  return actor.role === 'admin' || entry.postings.some(({ account }) => account.includes(actor.user_id))
}

// A tip may be anonymous: its receiver sees the amounts, not the account that paid.
function mayName(ctx: Context, party: string): boolean {
  const { actor } = ctx
  if (actor.kind !== 'user') return false
  return actor.role === 'admin' || party.includes(actor.user_id) || !party.includes('usr_')
}
