import { html } from 'htm/preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { createInbox, type Inbox, type PresenceWatch } from '../../client/index.ts'
import type { Conversation } from '../../features/messaging/contract.ts'
import { gistOf } from './attachments.ts'
import { FindMessages } from './find.ts'
import { NewGroup } from './groups.ts'
import { isLine } from './lines.ts'
import type { ViewProps } from './page.ts'
import { Loading, Trouble, useAction, useLoaded, When } from './parts.ts'
import { Dot, otherIn, usePresence, useWatched } from './presence.ts'
import { hrefOf } from './route.ts'
import { ThreadView } from './thread.ts'
import { sentenceOf } from './words.ts'

/** Conversations beside the one that is open; on a narrow screen, one or the other. */
export function ChatView({ client, user, rest: [conversationId = '', seq] }: ViewProps) {
  const [state, setState] = useState<'joined' | 'requested'>('joined')
  const inbox = useMemo(() => createInbox(client, state), [state])
  const [, redraw] = useState(0)
  useEffect(() => {
    const stop = inbox.onChange(() => redraw((n) => n + 1))
    // It may have been loaded before anybody listened.
    redraw((n) => n + 1)
    return () => {
      stop()
      inbox.close()
    }
  }, [inbox])
  const presence = usePresence(client)
  useWatched(presence, inbox.conversations, user)
  return html`
    <div class=${conversationId ? 'chat open wide' : 'chat wide'}>
      <section class="card chat-list" aria-labelledby="chat-title">
        <${conversationId ? 'h2' : 'h1'} id="chat-title">Messages ${inbox.unread > 0 && html`<span class="chip on">${inbox.unread} new</span>`}<//>
        <div class="row" role="group" aria-label="Which conversations">
          <button type="button" class="plain" aria-pressed=${state === 'joined'} onClick=${() => setState('joined')}>Conversations</button>
          <button type="button" class="plain" aria-pressed=${state === 'requested'} onClick=${() => setState('requested')}>Requests</button>
        </div>
        ${user.role === 'creator' && html`<${OwnRoom} client=${client} user=${user} />`}
        <${NewGroup} client=${client} user=${user} />
        <${FindMessages} client=${client}><${Conversations} inbox=${inbox} open=${conversationId} state=${state} user=${user} presence=${presence} /><//>
      </section>
      ${conversationId
        ? html`<${ThreadView} key=${conversationId} client=${client} user=${user} conversationId=${conversationId} presence=${presence} at=${/^\d+$/.test(seq ?? '') ? Number(seq) : undefined} />`
        : html`<section class="card chat-thread empty"><p class="soft">Choose a conversation.</p></section>`}
    </div>
  `
}

type Seen = Pick<ViewProps, 'user'> & { presence: PresenceWatch }

function Conversations({ inbox, open, state, user, presence }: Seen & { inbox: Inbox; open: string; state: 'joined' | 'requested' }) {
  const { conversations, isLoaded, hasMore, problem } = inbox
  if (problem && !isLoaded) return html`<${Trouble} text=${sentenceOf(problem)} />`
  if (!isLoaded) return html`<${Loading} />`
  if (conversations.length === 0)
    return html`<p class="soft">${state === 'joined' ? html`None yet. Open a creator’s page and press Message. <a href="/fan/">Find creators</a>` : 'Nobody whom you do not know has written to you or invited you.'}</p>`
  return html`
    <ul class="list chats">${conversations.map((each) => html`<${Line} key=${each.conversation_id} conversation=${each} isOpen=${each.conversation_id === open} user=${user} presence=${presence} />`)}</ul>
    ${hasMore && html`<button type="button" class="plain" onClick=${() => void inbox.more()}>Show more</button>`}
  `
}

function Line({ conversation, isOpen, user, presence }: Seen & { conversation: Conversation; isOpen: boolean }) {
  const { last_message: last, unread, mentions, title, state } = conversation
  return html`
    <li><a href=${hrefOf('chat', conversation.conversation_id)} aria-current=${isOpen ? 'true' : undefined}>
      <span><strong>${title || 'Group'}</strong> <${Dot} presence=${presence} userId=${otherIn(conversation, user)} />${last && html`<br /><span class="soft clip">${last.deleted ? 'Message deleted' : isLine(last) ? last.text : `${last.sender_name}: ${gistOf(last)}`}</span>`}${state === 'invited' && html`<br /><span class="soft">You are invited</span>`}</span>
      <span class="when">${last && html`<span class="soft"><${When} at=${last.created_at} /></span>`}
        ${unread > 0 && html`<span class="count">${unread}<span class="hidden"> unread</span>${mentions > 0 && html` <span aria-label="you are named">@</span>`}</span>`}</span>
    </a></li>
  `
}

/** A creator opens the room once; from then on it is in the list. */
function OwnRoom({ client, user }: Pick<ViewProps, 'client' | 'user'>) {
  const found = useLoaded(() => client.call('room:read', { creator_id: user.id }), [])
  const open = useAction(async () => {
    const room = await client.call('conversation:create', { type: 'room' })
    location.hash = hrefOf('chat', room.conversation_id)
    found.reload()
  })
  if (!found.value || found.value.room) return null
  return html`<p><button type="button" class="plain" disabled=${open.busy} onClick=${() => open.run()}>Open a room for your audience</button></p>${open.error && html`<${Trouble} text=${open.error} />`}`
}
