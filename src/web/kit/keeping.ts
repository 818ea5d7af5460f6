import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import type { Thread } from '../../client/index.ts'
import type { Conversation, HeldMessage, Message } from '../../features/messaging/contract.ts'
import { MediaList } from './attachments.ts'
import type { ViewProps } from './page.ts'
import { Confirm, Trouble, useAction } from './parts.ts'
import { hrefOf } from './route.ts'

const quietMs = 10 * 60_000
const dayMs = 24 * 3600_000

/** What a thread's head offers: a block between two, the rules to those who keep order. */
export function ThreadKeeping({ client, conversation, userId }: Pick<ViewProps, 'client'> & { conversation: Conversation; userId: string }) {
  const [isAsked, setIsAsked] = useState(false)
  const [isBlocked, setIsBlocked] = useState(false)
  const other = conversation.type === 'direct' ? conversation.participants.find((each) => each.user_id !== userId) : undefined
  const act = useAction(async (what: 'user:block' | 'user:unblock', user_id: string) => {
    setIsAsked(false)
    await client.call(what, { user_id })
    setIsBlocked(what === 'user:block')
  })
  if (!other) return conversation.role === 'member' ? null : html`<a href=${hrefOf('order', conversation.conversation_id)}>Keep order</a>`
  return html`
    <span class="row">
      ${isBlocked
        ? html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('user:unblock', other.user_id)}>Unblock</button>`
        : html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => setIsAsked(true)}>Block</button>`}
      ${act.error && html`<${Trouble} text=${act.error} />`}
    </span>
    ${isAsked && html`<${Confirm} question=${`Block ${other.name}?`} detail="Neither of you can write to the other, follow or tip. They are not told." yes="Block" onYes=${() => act.run('user:block', other.user_id)} onNo=${() => setIsAsked(false)} />`}
  `
}

/** What whoever keeps order can do about the one who wrote a message. */
export function SenderKeeping({ client, conversation: { conversation_id, type, role }, message: { sender_id, sender_name } }: Pick<ViewProps, 'client'> & { conversation: Conversation; message: Message }) {
  const [done, setDone] = useState('')
  const act = useAction(async (what: 'moderation:timeout' | 'moderation:ban') => {
    const isBan = what === 'moderation:ban'
    await client.call(what, { conversation_id, user_id: sender_id, until: new Date(Date.now() + (isBan ? dayMs : quietMs)).toISOString() })
    setDone(isBan ? `${sender_name} is out for a day.` : `${sender_name} is silent for 10 minutes.`)
  })
  if (type === 'direct' || role === 'member') return null
  return html`
    <button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('moderation:timeout')}>Silence for 10 minutes</button>
    ${type === 'room' && html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('moderation:ban')}>Ban for a day</button>`}
    <span role="status" class="soft">${done}</span>
    ${act.error && html`<${Trouble} text=${act.error} />`}
  `
}

/** One's own that nobody else sees yet, or ever. */
export function HeldBubble({ client, held, thread }: Pick<ViewProps, 'client'> & { held: HeldMessage; thread: Thread }) {
  return html`
    <li class="bubble own held">
      <${MediaList} client=${client} media=${held.media} />
      ${held.text && html`<p class="text">${held.text}</p>`}
      ${held.state === 'held'
        ? html`<p class="foot soft">${held.why === 'words' ? 'Waits for approval' : 'Waits for approval; all see it in a moment'}</p>`
        : html`<p class="foot bad">Was not approved${held.reason && `: ${held.reason}`}</p><button type="button" class="plain" onClick=${() => thread.discard(held.client_msg_id)}>Throw away</button>`}
    </li>
  `
}
