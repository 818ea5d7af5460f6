import { html } from 'htm/preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { createThread, type Draft, type PresenceWatch, type Thread } from '../../client/index.ts'
import type { Conversation, Message } from '../../features/messaging/contract.ts'
import { type Attached, attachedOf, Attachments, DraftFiles, gistOf, MediaList } from './attachments.ts'
import { useSight } from './find.ts'
import { ForwardDialog } from './forward.ts'
import { MembersDialog } from './groups.ts'
import { HeldBubble, SenderKeeping, ThreadKeeping } from './keeping.ts'
import { isLine, LineOf, placeOf } from './lines.ts'
import type { ViewProps } from './page.ts'
import { Loading, Trouble, useAction, valuesOf, When } from './parts.ts'
import { PinnedBar } from './pinned.ts'
import { otherIn, SeenLine, useWatched } from './presence.ts'
import { RemindersDialog } from './reminders.ts'
import { hrefOf } from './route.ts'
import { sentenceOf } from './words.ts'

const quick = ['👏', '❤️', '😂', '🎉']
/** so near to the end, one goes along with it */
const nearPx = 80

type Common = Pick<ViewProps, 'client' | 'user'>

/** One conversation. It keeps itself whole; this only draws it. */
export function ThreadView({ client, user, conversationId, at, presence }: Common & { conversationId: string; at: number | undefined; presence: PresenceWatch }) {
  const thread = useMemo(() => createThread(client, { conversation_id: conversationId, user_id: user.id }), [conversationId])
  const [, redraw] = useState(0)
  const [reply, setReply] = useState<Message | undefined>()
  const [sight, setSight] = useState(at)
  const [isReminding, setIsReminding] = useState(false)
  const [isListing, setIsListing] = useState(false)
  useEffect(() => setSight(at), [at])
  useEffect(() => {
    const stop = thread.onChange(() => redraw((n) => n + 1))
    // It may have been loaded before anybody listened.
    redraw((n) => n + 1)
    return () => {
      stop()
      thread.close()
    }
  }, [thread])
  const { conversation, problem } = thread
  useWatched(presence, conversation ? [conversation] : [], user)
  if (conversation?.state === 'invited') return html`<section class="card chat-thread"><h1>${conversation.title || 'Group'}</h1><${Request} client=${client} conversation=${conversation} /></section>`
  if (!conversation) return html`<section class="card chat-thread">${problem ? html`<${Trouble} text=${sentenceOf(problem)} />` : html`<${Loading} />`}<p><a href=${hrefOf('chat')}>← All conversations</a></p></section>`
  return html`
    <section class="card chat-thread" aria-labelledby="thread-title">
      <div class="row spread"><span class="row"><a class="back" href=${hrefOf('chat')} aria-label="All conversations">←</a><h1 id="thread-title">${conversation.title || 'Group'}</h1></span>
        <${SeenLine} presence=${presence} userId=${otherIn(conversation, user)} />
        ${conversation.type !== 'direct' && html`<button type="button" class="quiet" aria-haspopup="dialog" onClick=${() => setIsListing(true)}>${conversation.participant_count} ${conversation.participant_count === 1 ? 'person' : 'people'}</button>`}<button type="button" class="quiet" onClick=${() => setIsReminding(true)}>⏰ Remind</button><${ThreadKeeping} client=${client} conversation=${conversation} userId=${user.id} /></div>
      ${isListing && html`<${MembersDialog} client=${client} user=${user} conversation=${conversation} onClose=${() => setIsListing(false)} />`}
      ${isReminding && html`<${RemindersDialog} client=${client} conversationId=${conversationId} onClose=${() => setIsReminding(false)} />`}
      <${PinnedBar} client=${client} conversationId=${conversationId} thread=${thread} onJump=${setSight} />
      ${conversation.state === 'requested' && html`<${Request} client=${client} conversation=${conversation} />`}
      <${Messages} client=${client} user=${user} thread=${thread} conversation=${conversation} sight=${sight} onSeen=${() => setSight(undefined)} onReply=${setReply} />
      <p class="soft typing" role="status">${typingLine(thread, conversation)}</p>
      <${Composer} thread=${thread} reply=${reply} onSent=${() => setReply(undefined)} />
    </section>
  `
}

function Messages({ client, user, thread, conversation, sight, onSeen, onReply }: Common & { thread: Thread; conversation: Conversation; sight: number | undefined; onSeen: () => void; onReply: (message: Message) => void }) {
  const place = useRef<HTMLDivElement>(null)
  const isNear = useRef(true)
  const { messages, drafts, held, hasOlder } = thread
  const older = useAction(() => thread.older())
  const sought = messages.find((each) => each.seq === sight)
  const reach = useAction(async (seq: number) => {
    if (!(await thread.reach(seq))) throw new Error('It is too far back to be shown here.')
  })
  useEffect(() => {
    if (sight === undefined) return
    isNear.current = false
    if (sought) onSeen()
    else reach.run(sight)
  }, [sight, sought?.message_id])
  useSight(sought && placeOf(sought), sight)
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
      ${reach.error && html`<${Trouble} text=${reach.error} />`}
      ${hasOlder && html`<p><button type="button" class="plain" disabled=${older.busy} onClick=${() => older.run()}>Earlier messages</button></p>`}
      ${messages.length + drafts.length + held.length === 0 && html`<p class="soft">Nothing yet. Say hello.</p>`}
      <ol aria-live="polite">
        ${messages.map((each) => isLine(each) ? html`<${LineOf} key=${each.message_id} message=${each} />` : html`<${Bubble} key=${each.message_id} client=${client} user=${user} message=${each} conversation=${conversation} quoted=${each.reply_to_id ? byId.get(each.reply_to_id) : undefined} onReply=${onReply} />`)}
        ${held.map((each) => html`<${HeldBubble} key=${each.held_id} client=${client} held=${each} thread=${thread} />`)}
        ${drafts.map((each) => html`<${DraftBubble} key=${each.client_msg_id} draft=${each} thread=${thread} />`)}
      </ol>
      ${lastOwn && conversation.type === 'direct' && html`<p class="soft receipt">${receiptOf(conversation, user.id, lastOwn.seq)}</p>`}
    </div>
  `
}

function Bubble({ client, user, message, conversation, quoted, onReply }: Common & { message: Message; conversation: Conversation; quoted: Message | undefined; onReply: (message: Message) => void }) {
  const [isEditing, setIsEditing] = useState(false)
  const [isReported, setIsReported] = useState(false)
  const [isForwarding, setIsForwarding] = useState(false)
  const { message_id } = message
  const isOwn = message.sender_id === user.id
  const act = useAction(async (what: string) => {
    if (what === 'pin') await client.call(message.pinned ? 'message:unpin' : 'message:pin', { message_id })
    else if (what === 'delete') await client.call('message:delete', { message_id })
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
    <li class=${isOwn ? 'bubble own' : 'bubble'} id=${placeOf(message)}>
      ${(message.forwarded || message.type === 'reminder') && html`<span class="soft mark">${message.forwarded ? '↪ Forwarded' : '⏰ Reminder'}</span>`}
      ${isForwarding && html`<${ForwardDialog} client=${client} message=${message} onClose=${() => setIsForwarding(false)} />`}
      ${!isOwn && conversation.type !== 'direct' && html`<strong class="sender">${message.sender_name}</strong>`}
      ${quoted && html`<blockquote class="clip">${quoted.deleted ? 'Message deleted' : `${quoted.sender_name}: ${gistOf(quoted)}`}</blockquote>`}
      <${MediaList} client=${client} media=${message.media} />
      ${isEditing
        ? html`<form onSubmit=${(event: Event) => edit.run(valuesOf(event)['text'] ?? '')}><label><span class="hidden">New words</span><textarea name="text" rows="2" maxlength="4000" defaultValue=${message.text}></textarea></label><div class="row"><button disabled=${edit.busy}>Save</button><button type="button" class="plain" onClick=${() => setIsEditing(false)}>Leave it</button></div></form>`
        : message.text && html`<p class="text">${message.text}</p>`}
      <p class="foot">
        ${message.reactions.map((each) => html`<button key=${each.emoji} type="button" class="reaction" aria-pressed=${each.mine} disabled=${act.busy} onClick=${() => act.run(each.emoji)}>${each.emoji} ${each.count}</button>`)}
        <span class="soft"><${When} at=${message.created_at} />${message.edited_at && ' · edited'}</span>
      </p>
      <details class="more"><summary>More<span class="hidden"> about this message</span></summary>
        <div class="row">
          ${quick.map((emoji) => html`<button key=${emoji} type="button" class="reaction" disabled=${act.busy} onClick=${() => act.run(emoji)}>${emoji}</button>`)}
          <button type="button" class="quiet" onClick=${() => onReply(message)}>Reply</button>
          <button type="button" class="quiet" onClick=${() => setIsForwarding(true)}>Forward</button>
          ${(conversation.type === 'direct' || conversation.role !== 'member') && html`<button type="button" class="quiet" disabled=${act.busy} onClick=${() => act.run('pin')}>${message.pinned ? 'Unpin' : 'Pin'}</button>`}
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
      <${DraftFiles} files=${draft.files} />
      ${draft.text && html`<p class="text">${draft.text}</p>`}
      ${draft.problem
        ? html`<${Trouble} text=${sentenceOf(draft.problem)} /><div class="row"><button type="button" onClick=${() => void thread.retry(draft.client_msg_id)}>Send again</button><button type="button" class="plain" onClick=${() => thread.discard(draft.client_msg_id)}>Throw away</button></div>`
        : html`<p class="foot soft">Sending…</p>`}
    </li>
  `
}

function Composer({ thread, reply, onSent }: { thread: Thread; reply: Message | undefined; onSent: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [files, setFiles] = useState<readonly Attached[]>([])
  const take = (event: Event, list: FileList | undefined): void => {
    if (!list || list.length === 0) return
    event.preventDefault()
    setFiles([...files, ...attachedOf(list)].slice(0, 10))
  }
  useEffect(() => {
    if (reply) field.current?.focus()
  }, [reply])
  const send = (): void => {
    const text = field.current?.value ?? ''
    if ((text.trim() === '' && files.length === 0) || !field.current) return
    field.current.value = ''
    void thread.send(text.trim() === '' ? '' : text, { ...(reply ? { reply_to_id: reply.message_id } : {}), ...(files.length > 0 ? { files } : {}) })
    setFiles([])
    onSent()
    field.current.focus()
  }
  return html`
    <form class="composer" onDragOver=${(event: DragEvent) => event.preventDefault()} onDrop=${(event: DragEvent) => take(event, event.dataTransfer?.files)} onPaste=${(event: ClipboardEvent) => take(event, event.clipboardData?.files)} onSubmit=${(event: Event) => {
      event.preventDefault()
      send()
    }}>
      ${reply && html`<p class="soft clip">Answer to ${reply.sender_name}: ${gistOf(reply)} <button type="button" class="quiet" onClick=${onSent}>Not an answer</button></p>`}
      <label><span class="hidden">Message</span><textarea ref=${field} rows="2" maxlength="4000" placeholder="Write a message" onInput=${() => thread.tellTyping()} onKeyDown=${(event: KeyboardEvent) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
        event.preventDefault()
        send()
      }}></textarea></label>
      <button>Send</button>
      <${Attachments} files=${files} onChange=${setFiles} />
    </form>
  `
}

function Request({ client, conversation: { conversation_id, title, state, participants } }: { client: ViewProps['client']; conversation: Conversation }) {
  const answer = useAction(async (isWelcome: boolean) => {
    await client.call(isWelcome ? 'conversation:accept' : 'conversation:decline', { conversation_id })
    if (!isWelcome) location.hash = hrefOf('chat')
  })
  return html`
    <div class="row" role="group" aria-label="A request"><span>${state === 'invited' ? `${participants[0]?.name ?? 'Somebody'} invites you into ${title || 'a group'}.` : `${title} writes to you for the first time.`}</span>
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
