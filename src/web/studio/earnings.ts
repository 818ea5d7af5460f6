import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { EarningKind, Earnings, EarningSum } from '../../features/payouts/contract.ts'
import { formatMoney } from '../format.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, Show, useLoaded, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

const spans = [['7', 'the last 7 days'], ['30', 'the last 30 days'], ['90', 'the last 90 days'], ['365', 'the last year']] as const
const kindWords: Record<EarningKind, string> = { tip: 'Tips', membership: 'Memberships', refund: 'Given back' }
const chartHeight = 220

/** What came in lately: by kind, by day, and when it goes out. */
export function EarningsView({ client }: ViewProps) {
  const [span, setSpan] = useState('30')
  const earnings = useLoaded(() => client.call('earnings:mine', { days: Number(span) }), [span])
  useEffect(() => {
    const stops = [client.on('wallet:changed', earnings.reload), client.on('session:ready', earnings.reload)]
    return () => stops.forEach((stop) => stop())
  }, [span])
  return html`
    <section class="card wide" aria-labelledby="earnings-title">
      <div class="row spread">
        <h1 id="earnings-title">Earnings</h1>
        <label class="inline">In <select value=${span} onChange=${(event: Event) => setSpan((event.target as HTMLSelectElement).value)}>${spans.map(([value, words]) => html`<option key=${value} value=${value}>${words}</option>`)}</select></label>
      </div>
      <${Show} of=${earnings}>${(value: Earnings) => html`<${Sums} ...${value} /><${ByDay} ...${value} />`}<//>
    </section>
    <section class="card" aria-labelledby="next-title">
      <h2 id="next-title">Next payout</h2>
      <${Show} of=${earnings}>${({ next_payout, currency }: Earnings) =>
        next_payout
          ? html`<p>As it stands now, <strong><${Money} amount=${next_payout.amount} currency=${currency} /></strong> can go out <${When} at=${next_payout.at} />.</p>`
          : html`<p class="soft">Nothing goes out by itself. <a href=${hrefOf('payouts')}>Ask for a payout, or have it happen every week</a>.</p>`}<//>
    </section>
  `
}

function Sums({ kinds, currency }: Pick<Earnings, 'kinds' | 'currency'>) {
  const all = kinds.reduce((sum, each) => sum + each.net, 0)
  return html`
    <p class="balance" aria-live="polite"><${Money} amount=${all} currency=${currency} /></p>
    <div class="scrolls" tabindex="0" role="region" aria-label="Earnings by kind"><table>
      <thead><tr><th scope="col">Kind</th><th scope="col">Yours</th><th scope="col">Paid</th><th scope="col">Fee</th><th scope="col">How many</th></tr></thead>
      <tbody>${kinds.map(({ kind, count, gross, fee, net }: EarningSum) => html`
        <tr key=${kind}><th scope="row">${kindWords[kind]}</th>${[net, gross, fee].map((amount, n) => html`<td key=${n}><${Money} amount=${amount} currency=${currency} /></td>`)}<td>${count}</td></tr>`)}
      </tbody>
    </table></div>
  `
}

/** A picture for the eye, and the same in words for whoever can't see it. */
function ByDay({ days, currency }: Pick<Earnings, 'days' | 'currency'>) {
  const frame = useRef<HTMLDivElement>(null)
  const best = days.reduce((most, each) => (each.net > most.net ? each : most), days[0] as Earnings['days'][number])
  const words = best.net > 0 ? `Earnings by day. The best was ${best.day}, with ${formatMoney(best.net, currency)}.` : 'Earnings by day. Nothing came in.'
  useEffect(() => {
    const inside = frame.current
    if (!inside) return undefined
    const chart = new uPlot(optionsFor(inside, currency), [days.map(({ day }) => Date.parse(`${day}T00:00:00Z`) / 1_000), days.map(({ net }) => net)], inside)
    const watch = new ResizeObserver(() => chart.setSize({ width: inside.clientWidth, height: chartHeight }))
    watch.observe(inside)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const repaint = (): void => chart.redraw(false)
    dark.addEventListener('change', repaint)
    return () => {
      dark.removeEventListener('change', repaint)
      watch.disconnect()
      chart.destroy()
    }
  }, [days])
  return html`<div class="chart" role="img" aria-label=${words} ref=${frame}></div>`
}

function optionsFor(inside: HTMLElement, currency: string): uPlot.Options {
  // A canvas knows no variables: the style sheet tells its colours by properties that nothing else of it uses.
  const colour = (name: 'color' | 'borderTopColor' | 'caretColor') => () => getComputedStyle(inside)[name]
  const axis = { stroke: colour('color'), grid: { stroke: colour('borderTopColor'), width: 1 }, ticks: { show: false } }
  const bars = uPlot.paths.bars
  return {
    width: inside.clientWidth,
    height: chartHeight,
    // Days are dates of the creator's own calendar: none of them is moved by the zone of whoever looks.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_chart, least, most) => [Math.min(0, least), Math.max(1, most) * 1.1] } },
    axes: [axis, { ...axis, size: 84, values: (_chart, amounts) => amounts.map((amount) => formatMoney(amount, currency)) }],
    series: [{}, { stroke: colour('caretColor'), fill: colour('caretColor'), ...(bars ? { paths: bars({ size: [0.7, 48] }) } : {}), points: { show: false } }],
  }
}
