import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { ClockRun, ClockState } from '../../features/clock/contract.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, Show, Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'

const steps = [
  ['P1D', 'a day'],
  ['P1W', 'a week'],
  ['P1M', 'a month'],
  ['P3M', 'three months'],
  ['P1Y', 'a year'],
] as const

/** Business time, what is due next, and a way to get there. */
export function ClockView({ client }: ViewProps) {
  const clock = useLoaded(() => client.call('clock:read', {}), [])
  const [run, setRun] = useState<(ClockRun & { now: string }) | undefined>()
  useEffect(() => {
    const stops = [
      client.on('clock:moved', (fact) => {
        setRun(fact)
        if (fact.state !== 'running') clock.reload()
      }),
      client.on('session:ready', clock.reload),
    ]
    return () => stops.forEach((stop) => stop())
  }, [])
  const advance = useAction(async ({ by = 'P1D' }: Record<string, string>) => {
    setRun(undefined)
    await client.call('clock:advance', { by }, { timeout_ms: 60 * 60_000 }).finally(clock.reload)
  })
  return html`
    <section class="card" aria-labelledby="clock-title">
      <h1 id="clock-title">Clock</h1>
      <${Show} of=${clock}>${({ now, offset_ms, movable, next }: ClockState) => html`
        <p class="balance"><time datetime=${now}>${new Date(now).toLocaleString()}</time></p>
        <p class="soft">${offset_ms === 0 ? 'The same as the real time.' : `${Math.round(offset_ms / 86_400_000)} days ahead of the real time.`}</p>
        ${movable
          ? html`
            <form class="fields" onSubmit=${(event: Event) => advance.run(valuesOf(event))}>
              <label>Go forward by <${Choice} name="by" chosen="P1M" options=${steps} /></label>
              <button disabled=${advance.busy}>${advance.busy ? 'On its way…' : 'Move the clock'}</button>
            </form>
            <p class="soft">Everything that falls due on the way runs, in its order, through the code of ordinary days. There is no way back.</p>`
          : html`<p>Time is real here: it can be moved with the sandbox only, and never in production.</p>`}
        ${advance.error && html`<${Trouble} text=${advance.error} />`}
        <div aria-live="polite">${run && html`<${Progress} run=${run} />`}</div>
        <h2>Due next</h2>
        ${next.length === 0 && html`<p class="soft">Nothing waits.</p>`}
        <ul class="list">${next.map((each) => html`<li key=${each.table}><span>${each.table}</span><time datetime=${each.at}>${new Date(each.at).toLocaleString()}</time></li>`)}</ul>`}<//>
    </section>
    <section class="card" aria-labelledby="runs-title">
      <h2 id="runs-title">What ran</h2>
      <${Show} of=${clock}>${({ runs }: ClockState) => html`
        ${runs.length === 0 && html`<p class="soft">It was never moved.</p>`}
        <ul class="list">${runs.map((each) => html`<li key=${each.run_id} class="stacked"><${RunFacts} run=${each} /></li>`)}</ul>`}<//>
    </section>
  `
}

function Progress({ run }: { run: ClockRun & { now: string } }) {
  const [from, to, at] = [run.from, run.to, run.now].map((each) => new Date(each).getTime()) as [number, number, number]
  return html`
    <label>${run.state === 'running' ? `It is ${new Date(run.now).toLocaleDateString()}` : run.state === 'done' ? 'It is there.' : 'It stopped.'}
      <progress max=${to - from} value=${Math.min(to, at) - from}></progress></label>
  `
}

function RunFacts({ run }: { run: ClockRun }) {
  return html`
    <span class="row spread"><span>${new Date(run.from).toLocaleDateString()} → ${new Date(run.to).toLocaleDateString()} <span class=${run.state === 'done' ? 'chip on' : 'chip'}>${run.state}</span></span><span class="soft"><${When} at=${run.started_at} /></span></span>
    ${run.stuck && html`<${Trouble} text=${`${run.stuck} was due and did not go on.`} />`}
    ${run.ran.length === 0 ? html`<span class="soft">Nothing was due.</span>` : html`<table><tbody>${run.ran.map((each) => html`<tr key=${each.table}><td>${each.table}</td><td class="amount">${each.rows}</td></tr>`)}</tbody></table>`}
  `
}
