import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Creator, FollowState } from '../../features/profiles/contract.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { About } from './about.ts'
import { AnnouncementConsent } from './announcements.ts'
import { Live } from './live.ts'
import { Join } from './join.ts'
import { FollowButton } from './parts.ts'
import { SendTip } from './tip.ts'

/** A creator as a fan sees them: who, what is going on now, and how to tip. */
export function CreatorView({ client, user, rest: [id = ''] }: ViewProps) {
  const creator = useLoaded(() => client.call('creator:read', { creator_id: id }), [id])
  return html`
    <${Show} of=${creator}>${(found: Creator) => html`
      <${About} creator=${found}>${found.id !== user.id && html`<span class="row"><${Company} client=${client} creator=${found} />${found.following && html`<${AnnouncementConsent} client=${client} creatorId=${found.id} />`}<${FollowButton} client=${client} creator=${found} onChange=${(state: FollowState) => creator.set({ ...found, ...state })} /></span>`}<//>
      ${found.id !== user.id && html`<${Join} client=${client} creator=${found} /><${SendTip} client=${client} creator=${found} />`}
      <${Live} client=${client} creator=${found} />
      ${found.id !== user.id && html`<${Distance} client=${client} creator=${found} />`}`}<//>
  `
}

/** Ways to talk: with the creator, or in the creator's room where there is one. */
function Company({ client, creator }: Pick<ViewProps, 'client'> & { creator: Creator }) {
  const found = useLoaded(() => client.call('room:read', { creator_id: creator.id }), [creator.id])
  const room = found.value?.room
  const write = useAction(async () => {
    const { conversation_id } = await client.call('conversation:create', { type: 'direct', member_ids: [creator.id] })
    location.hash = hrefOf('chat', conversation_id)
  })
  const enter = useAction(async () => {
    if (!room) return
    if (!room.joined) await client.call('conversation:join', { conversation_id: room.conversation_id })
    location.hash = hrefOf('chat', room.conversation_id)
  })
  return html`
    <button type="button" class="plain" disabled=${write.busy} title=${write.error} onClick=${() => write.run()}>Message</button>
    ${room && html`<button type="button" class="plain" disabled=${enter.busy} title=${enter.error} onClick=${() => enter.run()}>${room.joined ? 'Room' : 'Join the room'}</button>`}
    ${(write.error || enter.error) && html`<${Trouble} text=${write.error || enter.error} />`}
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
      <div class="row">${!creator.following && html`<${AnnouncementConsent} client=${client} creatorId=${creator.id} />`}<button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('mute')}>Mute</button><button type="button" class="plain" disabled=${act.busy} onClick=${() => act.run('block')}>Block</button><a href=${hrefOf('people')}>Undo under People</a></div>
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
