import { html } from 'htm/preact'
import type { PublicGoal } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'

export function GoalBar({ goal }: { goal: PublicGoal }) {
  const amountOf = (value: number): string => (goal.kind === 'amount' ? formatMoney(value, goal.currency) : String(value))
  return html`
    <div class="goal">
      <div class="row spread"><strong>${goal.title}</strong><span class="soft">${amountOf(goal.current)} of ${amountOf(goal.target)} · ${goal.pct} %</span></div>
      <progress max="100" value=${Math.min(100, goal.pct)} aria-label=${`${goal.title}: ${goal.pct} per cent`}></progress>
    </div>
  `
}
