import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import type { SentTip } from '../../features/tips/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, When } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'

const words = { pending: 'waiting for its payment', sent: 'sent', failed: 'not paid' } as const

export function TipsView({ client }: ViewProps) {
  const tips = useList((cursor) => client.call('tip:sent', { limit: 20, ...(cursor ? { cursor } : {}) }), [])
  useEffect(() => {
    const stops = [client.on('payment:updated', tips.reload), client.on('session:ready', tips.reload)]
    return () => stops.forEach((stop) => stop())
  }, [])
  return html`
    <section class="card wide" aria-labelledby="tips-title">
      <h1 id="tips-title">Your tips</h1>
      <${List} of=${tips} empty=${html`You have not tipped anybody yet. <a href=${hrefOf('creators')}>Find a creator</a>.`}>${(tip: SentTip) => html`
        <li key=${tip.tip_id}>
          <span><a href=${hrefOf('creator', tip.creator_id)}>${tip.creator_name}</a>${tip.anonymous && html` <span class="chip">anonymous</span>`}${tip.message && html`<br /><span class="text">${tip.message}</span>`}</span>
          <span><span class=${tip.state === 'sent' ? 'chip on' : 'chip'}>${words[tip.state]}</span> <${Money} amount=${tip.amount} currency=${tip.currency} /> <span class="soft"><${When} at=${tip.created_at} /></span></span>
        </li>`}<//>
    </section>
  `
}
