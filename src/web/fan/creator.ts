import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Creator, FollowState } from '../../features/profiles/contract.ts'
import type { ViewProps } from '../kit/page.ts'
import { Money, Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { Live } from './live.ts'
import { Avatar, FollowButton } from './parts.ts'
import { SendTip } from './tip.ts'

/** A creator as a fan sees them: who, what is going on now, and how to tip. */
export function CreatorView({ client, user, rest: [id = ''] }: ViewProps) {
  const creator = useLoaded(() => client.call('creator:read', { creator_id: id }), [id])
  return html`
    <${Show} of=${creator}>${(found: Creator) => html`
      <section class="card wide" aria-labelledby="creator-title">
        <div class="row spread">
          <span class="person"><${Avatar} creator=${found} /><span><h1 id="creator-title">${found.name}</h1><span class="soft">@${found.handle}</span></span></span>
          ${found.id !== user.id && html`<${FollowButton} client=${client} creator=${found} onChange=${(state: FollowState) => creator.set({ ...found, ...state })} />`}
        </div>
        ${found.bio && html`<p class="text">${found.bio}</p>`}
        <p class="row">${found.tags.map((tag) => html`<a key=${tag} class="chip" href=${hrefOf('creators', tag)}>${tag}</a>`)}
          <span class="soft">${found.followers} ${found.followers === 1 ? 'follower' : 'followers'}</span>
          ${found.earnings !== null && html`<span class="soft">earned <${Money} amount=${found.earnings} currency="ZMW" /></span>`}</p>
      </section>
      ${found.id !== user.id && html`<${SendTip} client=${client} creator=${found} />`}
      <${Live} client=${client} creator=${found} />
      ${found.id !== user.id && html`<${Distance} client=${client} creator=${found} />`}`}<//>
  `
}

/** Mute, block, report: for when somebody is not wanted near. */
function Distance({ client, creator }: Pick<ViewProps, 'client'> & { creator: Creator }) {
  const [said, setSaid] = useState('')
  const act = useAction(async (what: 'mute' | 'block') => {
    if (what === 'mute') await client.call('user:mute', { user_id: creator.id })
    else await client.call('user:block', { user_id: creator.id })
    setSaid(what === 'mute' ? `${creator.name} is muted.` : `${creator.name} is blocked: neither of you can follow or tip the other.`)
  })
  const report = useAction(async ({ reason = 'other', text = '' }: Record<string, string>) => {
    await client.call('report:create', { subject_type: 'user', subject_id: creator.id, reason: reason as 'other', ...(text ? { text } : {}) })
    setSaid('Thank you. An admin will look at it.')
  })
  useEffect(() => setSaid(''), [creator.id])
  return html`
    <details class="card"><summary>Mute, block or report</summary>
      <div class="row"><button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('mute')}>Mute</button><button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('block')}>Block</button><a href=${hrefOf('people')}>Undo under People</a></div>
      <form onSubmit=${(event: Event) => report.run(valuesOf(event))}>
        <label>Why do you report ${creator.name}? <select name="reason"><option value="spam">Spam</option><option value="abuse">Abuse</option><option value="fraud">Fraud</option><option value="other">Something else</option></select></label>
        <label>What happened <textarea name="text" rows="2" maxlength="1000"></textarea></label>
        <button class="plain" disabled=${report.busy}>Send the report</button>
      </form>
      ${(act.error || report.error) && html`<${Trouble} text=${act.error || report.error} />`}
      <p class="good" role="status">${said}</p>
    </details>
  `
}
