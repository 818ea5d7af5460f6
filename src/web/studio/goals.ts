import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { CreateGoal, Goal } from '../../features/tips/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import { GoalBar } from '../kit/goal.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Trouble, useAction, useLoaded, valuesOf, When } from '../kit/parts.ts'
import { Said } from '../kit/words.ts'

/** Goals count from their own start; what was tipped before is not in them. */
export function GoalsView({ client }: ViewProps) {
  const goals = useList((cursor) => client.call('goal:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  const settings = useLoaded(() => client.call('tip-settings:read', {}), [])
  const currency = settings.value?.currency ?? 'ZMW'
  const [kind, setKind] = useState<Goal['kind']>('amount')
  useEffect(() => {
    const stops = [
      client.on('goal:updated', (goal) => goals.change((all) => all.map((each) => (each.goal_id === goal.goal_id && goal.version > each.version ? { ...each, ...goal } : each)))),
      client.on('session:ready', goals.reload),
    ]
    return () => stops.forEach((stop) => stop())
  }, [])
  const create = useAction(async ({ title = '', target = '', ends_at = '' }: Record<string, string>) => {
    const wanted = kind === 'amount' ? parseMoney(target, currency as Currency) : Number(target)
    if (wanted === undefined || !Number.isSafeInteger(wanted) || wanted < 1) throw new Said(kind === 'amount' ? 'Please type an amount like 500.' : 'Please type how many tips.')
    const goal: CreateGoal = { title, kind, target: wanted, ...(ends_at ? { ends_at: new Date(ends_at).toISOString() } : {}) }
    await client.call('goal:create', goal)
    goals.reload()
  })
  const close = useAction(async (goal_id: string) => {
    await client.call('goal:close', { goal_id })
    goals.reload()
  })

  return html`
    <section class="card" aria-labelledby="new-goal-title">
      <h1 id="new-goal-title">Goals</h1>
      <form onSubmit=${(event: Event) => create.run(valuesOf(event))}>
        <label>Title <input name="title" required maxlength="60" placeholder="New microphone" autocomplete="off" /></label>
        <label>What counts <select value=${kind} onChange=${(event: Event) => setKind((event.currentTarget as HTMLSelectElement).value as Goal['kind'])}><option value="amount">the amount tipped</option><option value="count">the number of tips</option></select></label>
        <label>${kind === 'amount' ? `Target in ${currency}` : 'Target, in tips'} <input name="target" inputmode="decimal" required placeholder=${kind === 'amount' ? '500.00' : '50'} autocomplete="off" /></label>
        <label>Ends (optional) <input name="ends_at" type="datetime-local" /></label>
        ${create.error && html`<${Trouble} text=${create.error} />`}
        <button disabled=${create.busy}>Start the goal</button>
      </form>
    </section>
    <section class="card wide" aria-labelledby="goals-title">
      <h2 id="goals-title">Your goals</h2>
      <${List} of=${goals} empty="None yet. A goal bar on the overlay shows how close you are.">${(goal: Goal) => html`
        <li key=${goal.goal_id} class="stacked">
          <${GoalBar} goal=${goal} />
          <span class="row spread"><span><span class=${goal.state === 'open' ? 'chip on' : 'chip'}>${goal.state}</span> <span class="soft">since <${When} at=${goal.started_at} />${goal.ends_at && html`, ends <${When} at=${goal.ends_at} />`}</span></span>
            ${goal.state !== 'closed' && html`<button type="button" class="plain" disabled=${close.busy} onClick=${() => close.run(goal.goal_id)}>Close<span class="hidden"> ${goal.title}</span></button>`}</span>
        </li>`}<//>
      ${close.error && html`<${Trouble} text=${close.error} />`}
    </section>
  `
}
