import { html } from 'htm/preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { createThread, type Draft, type Thread } from '../../client/index.ts'
import type { Conversation, Message } from '../../features/messaging/contract.ts'
import { HeldBubble, SenderKeeping, ThreadKeeping } from './keeping.ts'
import type { ViewProps } from './page.ts'
import { Loading, Trouble, useAction, valuesOf, When } from './parts.ts'
import { hrefOf } from './route.ts'
import { sentenceOf } from './words.ts'

const quick = ['👏', '❤️', '😂', '🎉']
/** so near to the end, one goes along with it */
const nearPx = 80

type Common = Pick<ViewProps, 'client' | 'user'>

/** One conversation. It keeps itself whole; this only draws it. */
export function ThreadView({ client, user, conversationId }: Common & { conversationId: string }) {
  const thread = useMemo(() => createThread(client, { conversation_id: conversationId, user_id: user.id }), [conversationId])
  const [, redraw] = useState(0)
  const [reply, setReply] = useState<Message | undefined>()
  useEffect(() => {
    const stop = thread.onChange(() => redraw((n) => n + 1))
    return () => {
      stop()
      thread.close()
    }
  }, [thread])
  const { conversation, problem } = thread
  if (!conversation) return html`<section class="card chat-thread">${problem ? html`<${Trouble} text=${sentenceOf(problem)} />` : html`<${Loading} />`}<p><a href=${hrefOf('chat')}>← All conversations</a></p></section>`
  return html`
    <section class="card chat-thread" aria-labelledby="thread-title">
      <div class="row spread"><span class="row"><a class="back" href=${hrefOf('chat')} aria-label="All conversations">←</a><h1 id="thread-title">${conversation.title || 'Group'}</h1></span>
        ${conversation.type !== 'direct' && html`<span class="soft">${conversation.participant_count} ${conversation.participant_count === 1 ? 'person' : 'people'}</span>`}<${ThreadKeeping} client=${client} conversation=${conversation} userId=${user.id} /></div>
      ${conversation.state === 'requested' && html`<${Request} client=${client} conversation=${conversation} />`}
      <${Messages} client=${client} user=${user} thread=${thread} conversation=${conversation} onReply=${setReply} />
      <p class="soft typing" role="status">${typingLine(thread, conversation)}</p>
      <${Composer} thread=${thread} reply=${reply} onSent=${() => setReply(undefined)} />
    </section>
  `
}

function Messages({ client, user, thread, conversation, onReply }: Common & { thread: Thread; conversation: Conversation; onReply: (message: Message) => void }) {
  const place = useRef<HTMLDivElement>(null)
  const isNear = useRef(true)
  const { messages, drafts, held, hasOlder } = thread
  const older = useAction(() => thread.older())
  const byId = new Map(messages.map((each) => [each.message_id, each]))
  useLayoutEffect(() => {
    const box = place.current
    if (box && isNear.current) box.scrollTop = box.scrollHeight
  })
  // What is on screen in a page that is looked at has been read.
  useEffect(() => {
    const read = (): void => {
      if (!document.hidden && isNear.current) thread.markRead()
    }
    read()
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  })
  const follow = (): void => {
    const box = place.current
    if (box) isNear.current = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx
  }
  const lastOwn = messages.findLast((each) => each.sender_id === user.id && !each.deleted)
  return html`
    <div class="messages" ref=${place} onScroll=${follow} tabindex="0" role="region" aria-label="What was said">
      ${hasOlder && html`<p><button type="button" class="plain" disabled=${older.busy} onClick=${() => older.run()}>Earlier messages</button></p>`}
      ${messages.length + drafts.length + held.length === 0 && html`<p class="soft">Nothing yet. Say hello.</p>`}
      <ol aria-live="polite">
        ${messages.map((each) => html`<${Bubble} key=${each.message_id} client=${client} user=${user} message=${each} conversation=${conversation} quoted=${each.reply_to_id ? byId.get(each.reply_to_id) : undefined} onReply=${onReply} />`)}
        ${held.map((each) => html`<${HeldBubble} key=${each.held_id} held=${each} thread=${thread} />`)}
        ${drafts.map((each) => html`<${DraftBubble} key=${each.client_msg_id} draft=${each} thread=${thread} />`)}
      </ol>
      ${lastOwn && conversation.type === 'direct' && html`<p class="soft receipt">${receiptOf(conversation, user.id, lastOwn.seq)}</p>`}
    </div>
  `
}

function Bubble({ client, user, message, conversation, quoted, onReply }: Common & { message: Message; conversation: Conversation; quoted: Message | undefined; onReply: (message: Message) => void }) {
  const [isEditing, setIsEditing] = useState(false)
  const [isReported, setIsReported] = useState(false)
  const { message_id } = message
  const isOwn = message.sender_id === user.id
  const act = useAction(async (what: string) => {
    if (what === 'delete') await client.call('message:delete', { message_id })
    else if (what === 'report') {
      await client.call('report:create', { subject_type: 'message', subject_id: message_id, reason: 'abuse' })
      setIsReported(true)
    } else if (what === 'hide') await client.call('message:delete', { message_id, scope: 'me' })
    else if (message.reactions.some((each) => each.emoji === what && each.mine)) await client.call('reaction:remove', { message_id, emoji: what })
    else await client.call('reaction:add', { message_id, emoji: what })
  })
  const edit = useAction(async (text: string) => {
    if (text.trim() !== '') await client.call('message:edit', { message_id, text })
    setIsEditing(false)
  })
  if (message.deleted) return html`<li class=${isOwn ? 'bubble own' : 'bubble'}><em class="soft">Message deleted</em></li>`
  return html`
    <li class=${isOwn ? 'bubble own' : 'bubble'}>
      ${!isOwn && conversation.type !== 'direct' && html`<strong class="sender">${message.sender_name}</strong>`}
      ${quoted && html`<blockquote class="clip">${quoted.deleted ? 'Message deleted' : `${quoted.sender_name}: ${quoted.text}`}</blockquote>`}
      ${isEditing
        ? html`<form onSubmit=${(event: Event) => edit.run(valuesOf(event)['text'] ?? '')}><label><span class="hidden">New words</span><textarea name="text" rows="2" maxlength="4000" defaultValue=${message.text}></textarea></label><div class="row"><button disabled=${edit.busy}>Save</button><button type="button" class="plain" onClick=${() => setIsEditing(false)}>Leave it</button></div></form>`
        : html`<p class="text">${message.text}</p>`}
      <p class="foot">
        ${message.reactions.map((each) => html`<button key=${each.emoji} type="button" class="reaction" aria-pressed=${each.mine} disabled=${act.busy} onClick=${() => act.run(each.emoji)}>${each.emoji} ${each.count}</button>`)}
        <span class="soft"><${When} at=${message.created_at} />${message.edited_at && ' · edited'}</span>
      </p>
      <details class="more"><summary>More<span class="hidden"> about this message</span></summary>
        <div class="row">
          ${quick.map((emoji) => html`<button key=${emoji} type="button" class="reaction" disabled=${act.busy} onClick=${() => act.run(emoji)}>${emoji}</button>`)}
          <button type="button" class="quiet" onClick=${() => onReply(message)}>Reply</button>
          ${isOwn && html`<button type="button" class="quiet" onClick=${() => setIsEditing(true)}>Edit</button>`}
          ${(isOwn || conversation.role !== 'member') && html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('delete')}>Delete for all</button>`}
          ${!isOwn && html`<button type="button" class="quiet" disabled=${act.busy || isReported} onClick=${() => act.run('report')}>${isReported ? 'Reported' : 'Report'}</button>`}
          ${conversation.type !== 'room' && html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('hide')}>Delete for me</button>`}
          ${!isOwn && html`<${SenderKeeping} client=${client} conversation=${conversation} message=${message} />`}
        </div>
      </details>
      ${(act.error || edit.error) && html`<${Trouble} text=${act.error || edit.error} />`}
    </li>
  `
}

/** What is on its way, and what did not get there. */
function DraftBubble({ draft, thread }: { draft: Draft; thread: Thread }) {
  return html`
    <li class="bubble own draft">
      <p class="text">${draft.text}</p>
      ${draft.problem
        ? html`<${Trouble} text=${sentenceOf(draft.problem)} /><div class="row"><button type="button" onClick=${() => void thread.retry(draft.client_msg_id)}>Send again</button><button type="button" class="plain" onClick=${() => thread.discard(draft.client_msg_id)}>Throw away</button></div>`
        : html`<p class="foot soft">Sending…</p>`}
    </li>
  `
}

function Composer({ thread, reply, onSent }: { thread: Thread; reply: Message | undefined; onSent: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (reply) field.current?.focus()
  }, [reply])
  const send = (): void => {
    const text = field.current?.value ?? ''
    if (text.trim() === '' || !field.current) return
    field.current.value = ''
    void thread.send(text, reply ? { reply_to_id: reply.message_id } : {})
    onSent()
    field.current.focus()
  }
  return html`
    <form class="composer" onSubmit=${(event: Event) => {
      event.preventDefault()
      send()
    }}>
      ${reply && html`<p class="soft clip">Answer to ${reply.sender_name}: ${reply.text} <button type="button" class="quiet" onClick=${onSent}>Not an answer</button></p>`}
      <label><span class="hidden">Message</span><textarea ref=${field} rows="2" maxlength="4000" placeholder="Write a message" onInput=${() => thread.tellTyping()} onKeyDown=${(event: KeyboardEvent) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
        event.preventDefault()
        send()
      }}></textarea></label>
      <button>Send</button>
    </form>
  `
}

function Request({ client, conversation: { conversation_id, title } }: { client: ViewProps['client']; conversation: Conversation }) {
  const answer = useAction(async (isWelcome: boolean) => {
    await client.call(isWelcome ? 'conversation:accept' : 'conversation:decline', { conversation_id })
    if (!isWelcome) location.hash = hrefOf('chat')
  })
  return html`
    <div class="row" role="group" aria-label="A request"><span>${title} writes to you for the first time.</span>
      <button type="button" disabled=${answer.busy} onClick=${() => answer.run(true)}>Accept</button><button type="button" class="plain" disabled=${answer.busy} onClick=${() => answer.run(false)}>Decline</button></div>
    ${answer.error && html`<${Trouble} text=${answer.error} />`}
  `
}

function typingLine({ typing }: Thread, { participants }: Conversation): string {
  const names = typing.map((id) => participants.find((each) => each.user_id === id)?.name ?? 'Someone')
  if (names.length === 0) return ''
  return names.length > 2 ? 'Several people are writing…' : `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} writing…`
}

function receiptOf({ participants }: Conversation, userId: string, seq: number): string {
  const other = participants.find((each) => each.user_id !== userId)
  if (!other) return ''
  if (other.read_seq >= seq) return 'Read'
  return other.delivered_seq >= seq ? 'Delivered' : 'Sent'
}
