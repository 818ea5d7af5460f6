import { html } from 'htm/preact'
import type { Interval, Tier } from '../../features/memberships/contract.ts'
import { formatMoney } from '../format.ts'

const every = { week: 'a week', month: 'a month', year: 'a year' } as const

export function priceWords({ amount, currency, interval }: { amount: number; currency: string; interval: Interval }): string {
  return `${formatMoney(amount, currency)} ${every[interval]}`
}

/** What a tier gives and costs. */
export function TierFacts({ tier }: { tier: Tier }) {
  return html`
    <h3>${tier.name}${tier.state === 'archived' && html` <span class="chip">archived</span>`}</h3>
    <p>${tier.prices.map(priceWords).join(' · ')}</p>
    ${tier.benefits.length > 0 && html`<ul>${tier.benefits.map((benefit, index) => html`<li key=${index}>${benefit}</li>`)}</ul>`}
    <p class="soft">${[tier.trial_days > 0 && `${tier.trial_days} days free to try`, tier.seats !== null && `${tier.seats_left} of ${tier.seats} seats left`].filter(Boolean).join(' · ')}</p>
  `
}

export function onDay(instant: string): string {
  return new Date(instant).toLocaleDateString(undefined, { dateStyle: 'medium' })
}
