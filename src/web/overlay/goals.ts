import type { PublicGoal } from '../../features/tips/contract.ts'
import { formatMoney } from '../format.ts'
import { element } from './element.ts'

export interface GoalBars {
  /** these and no others */
  draw(goals: readonly PublicGoal[]): void
  /** one of them has moved */
  move(goal: PublicGoal): void
}

/** A bar for each goal. News may overtake each other: of two, the one with the higher version stays. */
export function createGoalBars(place: HTMLElement): GoalBars {
  const bars = new Map<string, { goal: PublicGoal; bar: HTMLElement }>()

  return { draw, move }

  function draw(goals: readonly PublicGoal[]): void {
    const wanted = new Set(goals.map((goal) => goal.goal_id))
    for (const [goalId, { bar }] of bars)
      if (!wanted.has(goalId)) {
        bar.remove()
        bars.delete(goalId)
      }
    for (const goal of goals) move(goal)
  }

  function move(goal: PublicGoal): void {
    const known = bars.get(goal.goal_id)
    if (known && known.goal.version > goal.version) return
    const bar = known?.bar ?? place.appendChild(element('section', 'goal'))
    bars.set(goal.goal_id, { goal, bar })
    render(bar, goal)
  }
}

// The fill is kept where it was, so that it moves and does not jump.
function render(bar: HTMLElement, goal: PublicGoal): void {
  const track = bar.querySelector<HTMLElement>('.track') ?? makeTrack()
  const fill = track.firstElementChild as HTMLElement
  const figure = goal.kind === 'count' ? `${goal.current} / ${goal.target}` : `${formatMoney(goal.current, goal.currency)} / ${formatMoney(goal.target, goal.currency)}`
  const line = element('p', 'goal-line')
  line.append(element('span', 'goal-title', goal.title), element('span', 'goal-figure', figure))
  if (track.parentElement !== bar) bar.append(track)
  bar.querySelector('.goal-line')?.remove()
  bar.prepend(line)
  bar.classList.toggle('reached', goal.pct >= 100)
  track.setAttribute('aria-valuenow', String(Math.min(100, goal.pct)))
  track.setAttribute('aria-label', goal.title)
  fill.style.inlineSize = `${Math.min(100, goal.pct)}%`
}

function makeTrack(): HTMLElement {
  const track = element('div', 'track')
  track.setAttribute('role', 'progressbar')
  track.append(element('div', 'fill'))
  return track
}
