import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import type { AnnouncedTip, LiveSnapshot, PublicGoal } from '../../features/tips/contract.ts'
import { GoalBar } from '../kit/goal.ts'
import { Loading, Money, Trouble, When } from '../kit/parts.ts'
import { sentenceOf } from '../kit/words.ts'

const shown = 10

/**
 * What the audience sees: goals, totals, the newest tips. Joined while this is open.
 * @param everyMs for who is not signed in and so has no connection: how often to look again
 */
export function Live({ client, creator, everyMs }: { client: Client; creator: Creator; everyMs?: number }) {
  const [live, setLive] = useState<LiveSnapshot | undefined>()
  const [error, setError] = useState('')
  const creator_id = creator.id
  useEffect(() => {
    let gone = false
    // Over HTTP one can look, over the socket one can stay: whoever is not connected yet joins when the connection stands.
    const look = (): void => {
      const read = client.state === 'online' ? client.call('live:join', { creator_id }) : client.call('live:read', { creator_id })
      read.then(
        (snapshot) => !gone && (setLive(snapshot), setError('')),
        (failure: unknown) => !gone && setError(sentenceOf(failure)),
      )
    }
    const announce = (tip: AnnouncedTip): void => {
      if (tip.creator_id === creator_id) setLive((before) => before && { ...before, recent: [tip, ...before.recent.filter((each) => each.tip_id !== tip.tip_id)].slice(0, shown) })
    }
    const move = (goal: PublicGoal): void => {
      if (goal.creator_id === creator_id) setLive((before) => before && { ...before, goals: newerOf(before.goals, goal) })
    }
    look()
    const timer = everyMs === undefined ? undefined : setInterval(() => document.hidden || look(), everyMs)
    const stops = [
      client.on('session:ready', look),
      client.on('tip:announced', announce),
      client.on('goal:updated', move),
      client.on('live:updated', (figures) => figures.creator_id === creator_id && setLive((before) => before && (figures.version > before.version ? { ...before, ...figures } : before))),
    ]
    return () => {
      gone = true
      clearInterval(timer)
      stops.forEach((stop) => stop())
      if (client.state === 'online') client.call('live:leave', { creator_id }).catch(() => {})
    }
  }, [creator_id])

  return html`
    <section class="card" aria-labelledby="live-title">
      <h2 id="live-title">Right now ${live && html`<span class=${live.live ? 'chip on' : 'chip'}>${live.live ? 'live' : 'not live'}</span>`}</h2>
      ${error && html`<${Trouble} text=${error} />`}
      ${!live && !error && html`<${Loading} />`}
      ${live && html`
        ${live.goals.map((goal) => html`<${GoalBar} key=${goal.goal_id} goal=${goal} />`)}
        ${live.live && html`<p>${live.totals.count} ${live.totals.count === 1 ? 'tip' : 'tips'}, <${Money} amount=${live.totals.amount} currency=${live.totals.currency} /> in this stream</p>`}
        ${live.top_tippers.length > 0 && html`<h3>Top tippers</h3><ol class="list">${live.top_tippers.map((each, index) => html`<li key=${index}><span>${each.name}</span><${Money} amount=${each.amount} currency=${live.totals.currency} /></li>`)}</ol>`}
        <h3>Newest tips</h3>
        ${live.recent.length === 0 && html`<p class="soft">None yet. Yours would be the first.</p>`}
        <ul class="list" aria-live="polite">${live.recent.map((tip) => html`
          <li key=${tip.tip_id}><span><strong>${tip.name ?? 'Someone'}</strong>${tip.message && html`<br /><span class="text">${tip.message}</span>`}</span><span><${Money} amount=${tip.amount} currency=${tip.currency} /> <span class="soft"><${When} at=${tip.created_at} /></span></span></li>`)}</ul>`}
    </section>
  `
}

/** Facts may overtake each other: of two, the one with the higher version is right. */
export function newerOf(goals: PublicGoal[], goal: PublicGoal): PublicGoal[] {
  const known = goals.find((each) => each.goal_id === goal.goal_id)
  if (known && known.version >= goal.version) return goals
  const rest = goals.filter((each) => each.goal_id !== goal.goal_id)
  return goal.state === 'closed' ? rest : [...rest, goal].toSorted((a, b) => (a.goal_id < b.goal_id ? -1 : 1))
}
