import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { WalletTransaction } from '../../features/ledger/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import { List, useList } from './list.ts'
import type { ViewProps } from './page.ts'
import { Money, saveFile, Show, Trouble, useAction, useLoaded, valuesOf, When } from './parts.ts'
import { hrefOf } from './route.ts'
import { Said } from './words.ts'

const statusWords = { pending: 'waiting', success: 'done', failed: 'failed' } as const
const pageSize = 20
const buckets = [
  ['cash', 'Cash', 'yours to spend'],
  ['held', 'Held', 'set aside for something booked'],
  ['pending', 'Earned, maturing', 'becomes available after some days'],
  ['available', 'Earned, available', 'can be paid out'],
  ['payout_reserved', 'On its way', 'in a payout'],
  ['debt', 'Owed', 'taken from what you earn next'],
] as const

/** Balance, buckets and lines; it follows the ledger live, and every line opens to its entries. */
export function WalletView({ client, user, rest: [lineId] }: ViewProps) {
  const wallet = useLoaded(() => client.call('wallet:me', {}), [])
  const lines = useList((cursor) => pageOfLines(Number(cursor ?? 0)), [])
  useEffect(() => {
    const again = (): void => {
      wallet.reload()
      lines.reload()
    }
    const stops = [client.on('wallet:changed', again), client.on('session:ready', again)]
    return () => stops.forEach((stop) => stop())
  }, [])
  if (lineId) return html`<${LineView} client=${client} user=${user} rest=${[lineId]} />`

  return html`
    <section class="card" aria-labelledby="wallet-title">
      <h1 id="wallet-title">Wallet</h1>
      <${Show} of=${wallet}>${({ balance, currency, buckets: amounts }: NonNullable<typeof wallet.value>) => html`
        <p class="balance" aria-live="polite"><${Money} amount=${balance} currency=${currency} /></p>
        <dl>${buckets.filter(([name]) => user.role === 'creator' || name === 'cash' || name === 'held').map(([name, title, why]) => html`<dt key=${name}>${title} <span class="soft">${why}</span></dt><dd><${Money} amount=${amounts[name]} currency=${currency} /></dd>`)}</dl>
        <${TopUp} client=${client} currency=${currency} />`}<//>
    </section>
    <section class="card wide" aria-labelledby="lines-title">
      <h2 id="lines-title">Every movement</h2>
      <${List} of=${lines} empty="Nothing has moved yet.">${(line: WalletTransaction) => html`
        <li key=${line.id}>
          <a href=${hrefOf('wallet', line.id)}>${line.amount < 0 ? 'Paid' : 'Received'}</a>
          <span class="soft"><${When} at=${line.created_at} /></span><span class="chip">${statusWords[line.status]}</span>
          <${Money} amount=${line.amount} currency=${wallet.value?.currency ?? 'ZMW'} />
        </li>`}<//>
    </section>
  `

  // This list goes on by offset, as its door always did.
  async function pageOfLines(offset: number) {
    const page = await client.call('wallet:transactions', { limit: pageSize, offset })
    return { ...page, next: page.has_more ? String(offset + pageSize) : null }
  }
}

function TopUp({ client, currency }: Pick<ViewProps, 'client'> & { currency: string }) {
  const topUp = useAction(async (values: Record<string, string>) => {
    const amount = parseMoney(values['amount'] ?? '', currency as Currency)
    if (amount === undefined) throw new Said('Please type an amount like 100 or 100.50.')
    const checkout = await client.call('wallet:top-up', { amount, currency })
    location.assign(checkout.mobile_money_url)
  })
  return html`
    <form onSubmit=${(event: Event) => topUp.run(valuesOf(event))}>
      <label>Top up in ${currency} <input name="amount" inputmode="decimal" required placeholder="100.00" autocomplete="off" /></label>
      ${topUp.error && html`<${Trouble} text=${topUp.error} />`}
      <button class="plain" disabled=${topUp.busy}>Top up</button>
    </form>
  `
}

/** One line with the double entry behind it, each with a proof to keep. */
function LineView({ client, rest: [lineId = ''] }: ViewProps) {
  const line = useLoaded(() => client.call('wallet:line', { line_id: lineId }), [lineId])
  const [saved, setSaved] = useState('')
  const prove = useAction(async (entry_id: string) => {
    saveFile(`${entry_id}.proof.json`, await client.call('ledger:proof', { entry_id }))
    setSaved('Saved. `npm run verify-ledger -- --proof=FILE` checks it.')
  })
  return html`
    <section class="card wide" aria-labelledby="line-title">
      <p><a href=${hrefOf('wallet')}>← Wallet</a></p>
      <h1 id="line-title">One movement</h1>
      <${Show} of=${line}>${({ status, created_at, entries }: NonNullable<typeof line.value>) => html`
        <p><span class="chip">${statusWords[status]}</span> <${When} at=${created_at} /></p>
        ${entries.length === 0 && html`<p class="soft">No money has moved for it.</p>`}
        ${entries.map((entry) => html`
          <article key=${entry.entry_id} class="entry">
            <h2>${entry.reason} <span class="chip">${entry.sealed ? 'sealed' : 'waiting to be sealed'}</span></h2>
            <table>
              <thead><tr><th scope="col">Account</th><th scope="col">Debit</th><th scope="col">Credit</th></tr></thead>
              <tbody>${entry.postings.map(({ account, side, amount }, index) => html`
                <tr key=${index}><td>${nameOf(account)}</td><td>${side === 'debit' && html`<${Money} amount=${amount} currency=${entry.currency} />`}</td><td>${side === 'credit' && html`<${Money} amount=${amount} currency=${entry.currency} />`}</td></tr>`)}</tbody>
            </table>
            <button type="button" class="plain" disabled=${!entry.sealed || prove.busy} onClick=${() => prove.run(entry.entry_id)}>Save the proof</button>
          </article>`)}`}<//>
      ${prove.error && html`<${Trouble} text=${prove.error} />`}
      <p class="good" role="status">${saved}</p>
    </section>
  `
}

// `user:usr_…:cash` is the reader's own; the others are the platform's, or somebody else's.
function nameOf(account: string): string {
  if (account === 'another') return 'somebody else'
  const [owner, , bucket] = account.split(':')
  return owner === 'user' || owner === 'creator' ? `your ${bucket ?? ''}` : account.replaceAll(':', ' · ')
}
