import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Wallet as WalletShape } from '../../features/ledger/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { formatMoney, parseMoney } from '../format.ts'
import { Trouble, useAction, valuesOf } from './parts.ts'
import { Said, sentenceOf } from './words.ts'

const statusWords = { pending: 'waiting', success: 'done', failed: 'failed' } as const

/** Balance, buckets, newest lines; it follows the ledger live. */
export function Wallet({ client, onCurrency }: { client: Client; onCurrency: (currency: Currency) => void }) {
  const [wallet, setWallet] = useState<WalletShape | undefined>()
  const [error, setError] = useState('')
  const load = (): void => {
    client.call('wallet:me', {}).then(
      (answer) => {
        setWallet(answer)
        setError('')
        onCurrency(answer.currency as Currency)
      },
      (failure: unknown) => setError(sentenceOf(failure)),
    )
  }
  useEffect(() => {
    load()
    const stops = [client.on('wallet:changed', load), client.on('payment:updated', load), client.on('session:ready', load)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const topUp = useAction(async (values: Record<string, string>) => {
    const currency = (wallet?.currency ?? 'ZMW') as Currency
    const amount = parseMoney(values['amount'] ?? '', currency)
    if (amount === undefined) throw new Said('Please type an amount like 100 or 100.50.')
    const checkout = await client.call('wallet:top-up', { amount, currency })
    location.assign(checkout.mobile_money_url)
  })

  return html`
    <section class="card" aria-labelledby="wallet-title">
      <h2 id="wallet-title">Your wallet</h2>
      ${error && html`<${Trouble} text=${error} /><button class="plain" onClick=${load}>Try again</button>`}
      ${!wallet && !error && html`<p class="soft">Loading…</p>`}
      ${wallet && html`
        <p class="balance" aria-live="polite">${formatMoney(wallet.balance, wallet.currency)}</p>
        <dl class="soft">
          <dt>Cash</dt><dd>${formatMoney(wallet.buckets.cash, wallet.currency)}</dd>
          <dt>Held</dt><dd>${formatMoney(wallet.buckets.held, wallet.currency)}</dd>
          <dt>Earned, maturing</dt><dd>${formatMoney(wallet.buckets.pending, wallet.currency)}</dd>
          <dt>Earned, available</dt><dd>${formatMoney(wallet.buckets.available, wallet.currency)}</dd>
        </dl>
        <form onSubmit=${(event: Event) => topUp.run(valuesOf(event))}>
          <label>Top up in ${wallet.currency} <input name="amount" inputmode="decimal" required placeholder="100.00" autocomplete="off" /></label>
          ${topUp.error && html`<${Trouble} text=${topUp.error} />`}
          <button class="plain" disabled=${topUp.busy}>Top up</button>
        </form>
        <h3>Latest</h3>
        ${wallet.transactions.length === 0
          ? html`<p class="soft">Nothing has moved yet.</p>`
          : html`<ul class="list">${wallet.transactions.map((line) => html`
              <li key=${line.id}><span>${line.amount < 0 ? 'Paid' : 'Received'} <span class="chip">${statusWords[line.status]}</span></span><span class="amount">${formatMoney(line.amount, wallet.currency)}</span></li>`)}</ul>`}
      `}
    </section>
  `
}
