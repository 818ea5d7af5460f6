import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { LiveSnapshot, ModerationState, ReceivedTip } from '../../features/tips/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, Show, Trouble, useAction, useLoaded, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

const moderationWords: Record<ModerationState, string> = {
  shown: 'shown',
  text_hidden: 'shown without its text',
  masked: 'words masked',
  dropped: 'no alert',
  pending: 'waiting for you',
  rejected: 'not shown',
}

/** The stream as it runs: totals, and every tip the moment it is paid. */
export function LiveView(props: ViewProps) {
  return html`<${Stream} ...${props} /><${IncomingTips} ...${props} />`
}

function Stream({ client, user }: ViewProps) {
  const live = useLoaded(() => client.call('live:read', { creator_id: user.id }), [])
  useEffect(() => {
    const stops = [client.on('live:updated', (figures) => figures.creator_id === user.id && live.reload()), client.on('session:ready', live.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  const act = useAction(async (what: 'live:start' | 'live:stop' | 'live:reset') => live.set(await client.call(what, {})))
  return html`
    <section class="card" aria-labelledby="stream-title">
      <h1 id="stream-title">Live</h1>
      <${Show} of=${live}>${(now: LiveSnapshot) => html`
        <p><span class=${now.live ? 'chip on' : 'chip'}>${now.live ? 'live' : 'not live'}</span> ${now.live && now.counted_from && html`<span class="soft">counted from <${When} at=${now.counted_from} /></span>`}</p>
        ${now.stream_id && html`
          <p class="balance"><${Money} amount=${now.totals.amount} currency=${now.totals.currency} /></p>
          <p class="soft">${now.totals.count} ${now.totals.count === 1 ? 'tip' : 'tips'} in ${now.live ? 'this' : 'the last'} stream</p>`}
        ${now.top_tippers.length > 0 && html`<h2>Top tippers</h2><ol class="list">${now.top_tippers.map((each, index) => html`<li key=${index}><span>${each.name}</span><${Money} amount=${each.amount} currency=${now.totals.currency} /></li>`)}</ol>`}
        ${!now.live && html`<p class="soft">Tips arrive at any time. While you are live, they are added up for this stream.</p>`}
        <div class="row">
          ${now.live
            ? html`<button type="button" disabled=${act.busy} onClick=${() => act.run('live:stop')}>End the stream</button><button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('live:reset')}>Count from zero</button>`
            : html`<button type="button" disabled=${act.busy} onClick=${() => act.run('live:start')}>Go live</button>`}
        </div>`}<//>
      ${act.error && html`<${Trouble} text=${act.error} />`}
    </section>
  `
}

function IncomingTips({ client }: ViewProps) {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const tips = useList((cursor) => client.call('tip:list', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  useEffect(() => {
    const stops = [
      // What came while the connection was away is in the list.
      client.on('session:ready', tips.reload),
      client.on('tip:received', (tip) => {
        setFresh((before) => new Set([...before, tip.tip_id]))
        tips.change((all) => [tip, ...all.filter((each) => each.tip_id !== tip.tip_id)])
      }),
      client.on('tip:moderated', ({ tip_id, moderation }) => tips.change((all) => all.map((each) => (each.tip_id === tip_id ? { ...each, moderation } : each)))),
    ]
    return () => stops.forEach((stop) => stop())
  }, [])
  const moderate = useAction(async (tip_id: string, decision: 'allow' | 'reject', mask_name: boolean) => {
    const tip = await client.call('tip:moderate', { tip_id, decision, mask_name })
    tips.change((all) => all.map((each) => (each.tip_id === tip_id ? tip : each)))
  })
  const report = useAction(async (tip_id: string) => {
    await client.call('report:create', { subject_type: 'tip', subject_id: tip_id, reason: 'abuse' })
    setReported((before) => new Set([...before, tip_id]))
  })
  const shun = useAction(async (what: 'user:mute' | 'user:block', user_id: string) => {
    await client.call(what, { user_id })
    tips.reload()
  })
  const [reported, setReported] = useState<ReadonlySet<string>>(new Set())

  return html`
    <section class="card wide" aria-labelledby="tips-title">
      <h2 id="tips-title">Tips, live</h2>
      <${List} of=${tips} live empty=${html`No tips yet. They appear here the moment they are paid. <a href=${hrefOf('overlays')}>Set up your overlay</a> to show them on the stream.`}>${(tip: ReceivedTip) => html`
        <li key=${tip.tip_id} class=${fresh.has(tip.tip_id) ? 'news' : ''}>
          <span><strong>${tip.name ?? 'Someone'}</strong> ${tip.guest && html`<span class="chip">guest</span>`} ${tip.first_tip && html`<span class="chip on">first tip</span>`} ${tip.moderation !== 'shown' && html`<span class="chip">${moderationWords[tip.moderation]}</span>`}
            ${tip.message && html`<br /><span class="text">${tip.message}</span>`}<br /><span class="soft"><${When} at=${tip.created_at} /></span></span>
          <span class="row">
            ${tip.moderation === 'pending' && html`
              <button type="button" disabled=${moderate.busy} onClick=${() => moderate.run(tip.tip_id, 'allow', false)}>Show it</button>
              ${!tip.anonymous && html`<button type="button" class="plain" disabled=${moderate.busy} onClick=${() => moderate.run(tip.tip_id, 'allow', true)}>Show without the name</button>`}
              <button type="button" class="plain" disabled=${moderate.busy} onClick=${() => moderate.run(tip.tip_id, 'reject', false)}>Don’t show</button>`}
            ${tip.fan_id && html`<button type="button" class="quiet" disabled=${shun.busy} onClick=${() => shun.run('user:mute', tip.fan_id ?? '')}>Mute<span class="hidden"> ${tip.name}</span></button><button type="button" class="quiet" disabled=${shun.busy} onClick=${() => shun.run('user:block', tip.fan_id ?? '')}>Block<span class="hidden"> ${tip.name}</span></button>`}
            ${tip.message && html`<button type="button" class="quiet" disabled=${report.busy || reported.has(tip.tip_id)} onClick=${() => report.run(tip.tip_id)}>${reported.has(tip.tip_id) ? 'Reported' : 'Report'}</button>`}
            <${Money} amount=${tip.amount} currency=${tip.currency} />
          </span>
        </li>`}<//>
      ${(moderate.error || report.error || shun.error) && html`<${Trouble} text=${moderate.error || report.error || shun.error} />`}
    </section>
  `
}
