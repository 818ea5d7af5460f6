import { createHash } from 'node:crypto'
import { exponentOf, isCurrency } from '../kernel/currency.ts'
import type { AppError } from '../kernel/errors.ts'
import type { Outcome } from './book.ts'
import type { Charge } from './store.ts'
import { style } from './style.ts'

/** The only style that a page's policy lets through. */
export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

/** A checkout in the state it is in: to be decided, to be confirmed, or over. Plain HTML, no script. */
export function renderCheckout(charge: Charge): string {
  const amount = formatAmount(charge.amount, charge.currency)
  if (charge.status === 'pending') return charge.action_required ? confirmPage(charge, amount) : openPage(charge, amount)
  return closedPage(charge, amount)
}

export function renderFault(error: AppError): string {
  return layout('Not possible', `<main class="card"><h1>That did not work</h1><p>${escapeHtml(error.message)}.</p></main>`)
}

/** `ZMW 1,234.50`, `JPY 1,234`, `KWD 1.234`: the decimals are the currency's own. */
export function formatAmount(minor: number, currency: string): string {
  const decimals = isCurrency(currency) ? exponentOf(currency) : 2
  const digits = String(minor).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${currency} ${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
}

function openPage(charge: Charge, amount: string): string {
  return layout(
    `Pay ${amount}`,
    `<main class="card">
${heading('To pay', charge, amount)}
<form method="post">
${button('success', `Pay ${amount}`, 'main')}
<fieldset>
<legend>Or try what else may happen</legend>
${choice('failed', 'Decline', 'The payment fails at once.')}
${choice('late', 'Pay, but confirm late', 'First it is reported as failed; seconds later it succeeds.')}
${choice('requires_action', 'Ask me to confirm', 'The bank wants one more step before it pays.')}
${choice('cancelled', 'Cancel', 'You leave without paying.')}
</fieldset>
</form>
</main>`,
  )
}

function confirmPage(charge: Charge, amount: string): string {
  return layout(
    `Confirm ${amount}`,
    `<main class="card">
${heading('To confirm', charge, amount)}
<p>Your bank asks whether this payment is yours.</p>
<form method="post">
${button('success', 'Yes, pay', 'main')}
<fieldset>
<legend>Or</legend>
${choice('failed', 'No, refuse it', 'The payment fails at once.')}
${choice('cancelled', 'Cancel', 'You leave without paying.')}
</fieldset>
</form>
</main>`,
  )
}

function closedPage(charge: Charge, amount: string): string {
  const [title, mark, sentence] = ending(charge)
  return layout(
    `${title}: ${amount}`,
    `<main class="card">
<p class="mark ${charge.status}" aria-hidden="true">${mark}</p>
${heading(title, charge, amount)}
<p>${sentence} This checkout is over: nothing more can be changed here.</p>
<p><a class="button main" href="${escapeHtml(charge.return_url)}">Back to <bdi>${escapeHtml(new URL(charge.return_url).host)}</bdi></a></p>
</main>`,
  )
}

function ending(charge: Charge): [title: string, mark: string, sentence: string] {
  if (charge.status === 'succeeded') return ['Paid', '✓', 'The payment went through.']
  if (charge.status === 'cancelled') return ['Cancelled', '–', 'You left without paying.']
  if (charge.late_at) return ['Failed for now', '…', 'The confirmation did not come in time. It will arrive in a moment all the same.']
  return ['Declined', '✕', 'The payment did not go through.']
}

function heading(title: string, charge: Charge, amount: string): string {
  return `<h1><span class="what">${title}</span> <span class="amount">${escapeHtml(amount)}</span></h1>
<dl>
<dt>For</dt><dd><bdi>${escapeHtml(charge.description)}</bdi></dd>
<dt>To</dt><dd><bdi>${escapeHtml(new URL(charge.return_url).host)}</bdi></dd>
<dt>Reference</dt><dd><code>${escapeHtml(charge.reference)}</code></dd>
</dl>`
}

function choice(outcome: Outcome, label: string, sentence: string): string {
  return `<div class="choice">${button(outcome, label, 'other', `about-${outcome}`)}<p id="about-${outcome}">${sentence}</p></div>`
}

function button(outcome: Outcome, label: string, kind: 'main' | 'other', describedBy?: string): string {
  const described = describedBy ? ` aria-describedby="${describedBy}"` : ''
  return `<button class="button ${kind}" name="outcome" value="${outcome}"${described}>${escapeHtml(label)}</button>`
}

function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Sandbox payments</title>
<style>${style}</style>
</head>
<body>
<header class="band"><strong>Sandbox.</strong> No real money moves: this page stands in for a payment company.</header>
${body}
</body>
</html>
`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
