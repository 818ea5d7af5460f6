import type { UploadMedia } from './upload.ts'
import type { Conversation, HeldMessage, Message, MessagingFacts, SendMessage } from '../features/messaging/contract.ts'
import { type Client, newKey } from './client.ts'
import { createListeners } from './listeners.ts'
import { asProblem, type ClientProblem } from './problem.ts'

/** A file that goes with what is said. */
export interface DraftFile extends Omit<UploadMedia, 'onProgress'> {
  /** from 0 to 1 */
  progress: number
  /** once it is there */
  media_id: string | undefined
}

/** Something said here that the server has not acknowledged yet. */
export interface Draft {
  client_msg_id: string
  text: string
  reply_to_id: string | null
  mentions: string[]
  files: readonly DraftFile[]
  /** why it was given up; it can be sent again */
  problem: ClientProblem | undefined
}

export interface Thread {
  /** undefined until it is loaded */
  readonly conversation: Conversation | undefined
  /** from the oldest that was loaded to the newest there is, in their order, without a gap */
  readonly messages: readonly Message[]
  /** the conversation's last step that is here; undefined until it is loaded */
  readonly change: number | undefined
  readonly drafts: readonly Draft[]
  /** one's own that wait for somebody who keeps order, or were turned down; those are there until they are thrown away */
  readonly held: readonly HeldMessage[]
  /** whether there are older ones to load */
  readonly hasOlder: boolean
  /** ids of those who are writing just now */
  readonly typing: readonly string[]
  /** why it could not be loaded */
  readonly problem: ClientProblem | undefined
  /** Shown at once as a draft, sent until it is acknowledged. Never twice: every attempt carries the same id. */
  send(text: string, more?: More): Promise<void>
  /** sends a draft that was given up once more */
  retry(clientMsgId: string): Promise<void>
  discard(clientMsgId: string): void
  older(): Promise<void>
  /** loads back to that place, as far as is sensible. @returns whether it is here now */
  reach(seq: number): Promise<boolean>
  /** all that is loaded has been seen */
  markRead(): void
  /** tells the others, at most every few seconds */
  tellTyping(): void
  /** @returns how to stop listening */
  onChange(handler: () => void): () => void
  /** resolves when everything that is known to be missing is there */
  settled(): Promise<void>
  close(): void
}

/** what may go with the words */
export type More = Pick<SendMessage, 'reply_to_id' | 'mentions'> & { files?: readonly Omit<UploadMedia, 'onProgress'>[] }

const pageSize = 50
const syncSize = 100
/** pages that a jump may load on its way */
const maxReached = 20
const lookMs = 30_000
const typingEveryMs = 3_000
const typingEndsMs = 6_000

/**
 * One conversation, kept whole. It knows the last step that it has; a fact with the next step is applied, one from further on means that
 * something was missed, and then everything since is asked for. So it does not matter what is lost, doubled or overtaken on the way.
 */
export function createThread(client: Client, { conversation_id, user_id }: { conversation_id: string; user_id: string }): Thread {
  const bySeq = new Map<number, Message>()
  const drafts = new Map<string, Draft>()
  /** where an acknowledged draft stands, until its message is there */
  const places = new Map<string, number>()
  /** by their ids, which they keep as messages */
  const held = new Map<string, HeldMessage>()
  const typists = new Map<string, ReturnType<typeof setTimeout>>()
  const { onChange, tell, close: closeListeners } = createListeners()
  let conversation: Conversation | undefined
  let problem: ClientProblem | undefined
  /** the last step that is here; undefined until it was loaded */
  let known: number | undefined
  let oldest = 1
  let hasOlder = false
  let readUpTo = 0
  let typedAt = Number.NEGATIVE_INFINITY
  let isClosed = false
  let isAsking = false
  let isBehind = false
  const waiting = new Set<() => void>()
  // The last fact of all has none after it that would show its loss.
  const look = setInterval(() => client.state === 'online' && catchUp(), lookMs)

  const stops = [
    client.on('message:created', (message) => {
      if (!isHere(message)) return
      // Who has said it writes no longer.
      hearTyping(message.sender_id, false)
      step(message.change, () => put(message))
    }),
    client.on('message:updated', (fact) => isHere(fact) && step(fact.change, () => patch(fact.seq, { text: fact.text, mentions: fact.mentions, edited_at: fact.edited_at, change: fact.change }))),
    client.on('message:deleted', (fact) => isHere(fact) && step(fact.change, () => withdraw(fact.seq, { change: fact.change }))),
    client.on('message:pinned', (fact) => isHere(fact) && step(fact.change, () => patch(fact.seq, { pinned: fact.pinned, change: fact.change }))),
    client.on('message:hidden', (fact) => {
      if (!isHere(fact)) return
      withdraw(fact.seq)
      tell()
    }),
    client.on('reaction:changed', (fact) => isHere(fact) && step(fact.change, () => react(fact))),
    client.on('receipt:updated', (fact) => isHere(fact) && mark(fact)),
    client.on('typing:changed', (fact) => isHere(fact) && fact.user_id !== user_id && hearTyping(fact.user_id, fact.typing)),
    client.on('message:held', (fact) => isHere(fact) && fact.sender_id === user_id && wait(fact)),
    client.on('message:decided', (fact) => isHere(fact) && decided(fact)),
    client.on('conversation:updated', (fact) => isHere(fact) && catchUp()),
    client.on('session:ready', () => catchUp()),
    client.on('session:resync', () => catchUp()),
  ]
  catchUp()

  return {
    send,
    retry,
    discard,
    older,
    reach,
    markRead,
    tellTyping,
    onChange,
    settled,
    close,
    get conversation() { return conversation },
    get messages() { return [...bySeq.values()].toSorted((a, b) => a.seq - b.seq) },
    get change() { return known },
    get drafts() { return [...drafts.values()] },
    get held() { return [...held.values()] },
    get hasOlder() { return hasOlder },
    get typing() { return [...typists.keys()] },
    get problem() { return problem },
  }

  async function send(text: string, more: More = {}): Promise<void> {
    const client_msg_id = newKey()
    drafts.set(client_msg_id, { client_msg_id, text, reply_to_id: more.reply_to_id ?? null, mentions: more.mentions ?? [], files: (more.files ?? []).map((each) => ({ ...each, progress: 0, media_id: undefined })), problem: undefined })
    tell()
    await deliver(client_msg_id)
  }

  async function retry(clientMsgId: string): Promise<void> {
    const draft = drafts.get(clientMsgId)
    if (!draft?.problem) return
    drafts.set(clientMsgId, { ...draft, problem: undefined })
    tell()
    await deliver(clientMsgId)
  }

  function discard(clientMsgId: string): void {
    if (drafts.get(clientMsgId)?.problem) drafts.delete(clientMsgId)
    for (const each of held.values()) if (each.client_msg_id === clientMsgId && each.state !== 'held') held.delete(each.held_id)
    tell()
  }

  async function deliver(clientMsgId: string): Promise<void> {
    const draft = drafts.get(clientMsgId)
    if (!draft) return
    const { text, reply_to_id, mentions } = draft
    try {
      const media_ids = await uploadAll(clientMsgId)
      const { duplicate: _again, held: waiting, ...message } = await client.call('message:send', { conversation_id, client_msg_id: clientMsgId, text, ...(reply_to_id ? { reply_to_id } : {}), ...(mentions.length > 0 ? { mentions } : {}), ...(media_ids.length > 0 ? { media_ids } : {}) })
      if (waiting) return wait(waiting)
      places.set(clientMsgId, message.seq)
      step(message.change, () => put(message))
      dropPlaced()
    } catch (error) {
      const problem = asProblem(error)
      const now = drafts.get(clientMsgId) ?? draft
      // What was uploaded too long ago is gone: the next try sends it again.
      const files = problem.code === 'not-found' ? now.files.map((each) => ({ ...each, progress: 0, media_id: undefined })) : now.files
      drafts.set(clientMsgId, { ...now, files, problem })
    }
    tell()
  }

  /** One after the other; a try after a failure goes on from the first that is not there. */
  async function uploadAll(clientMsgId: string): Promise<string[]> {
    const change = (index: number, to: Partial<DraftFile>): void => {
      const draft = drafts.get(clientMsgId)
      if (draft) drafts.set(clientMsgId, { ...draft, files: draft.files.map((each, at) => (at === index ? { ...each, ...to } : each)) })
      tell()
    }
    const media_ids: string[] = []
    for (const [index, { progress: _before, media_id, ...file }] of (drafts.get(clientMsgId)?.files ?? []).entries()) {
      const there = media_id ?? (await client.uploadMedia({ ...file, onProgress: (progress) => change(index, { progress }) })).media_id
      change(index, { progress: 1, media_id: there })
      media_ids.push(there)
    }
    return media_ids
  }

  /** While something is asked for, what is found missing meanwhile is asked for afterwards, once. */
  function catchUp(): void {
    isBehind = true
    if (!isAsking && !isClosed) void ask()
  }

  async function ask(): Promise<void> {
    isAsking = true
    while (isBehind && !isClosed) {
      isBehind = false
      try {
        await (known === undefined ? load() : sync())
        problem = undefined
      } catch (error) {
        problem = asProblem(error)
      }
      tell()
    }
    isAsking = false
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  // The step first: what comes while the messages are read is newer than it, and is asked for.
  async function load(): Promise<void> {
    const read = await client.call('conversation:read', { conversation_id })
    if (read.state === 'invited') {
      // Nothing that is said there is theirs before they say yes; when they do, it is loaded.
      conversation = read
      return
    }
    const page = await client.call('conversation:history', { conversation_id, limit: pageSize })
    for (const message of page.data) put(message)
    oldest = page.data.at(-1)?.seq ?? read.last_seq + 1
    hasOlder = page.has_more
    conversation = read
    readUpTo = read.read_seq
    known = read.last_change
    await sync()
  }

  async function sync(): Promise<void> {
    for (let more = true; more && !isClosed; ) {
      const answer = await client.call('conversation:sync', { conversation_id, since_change: known ?? 0, limit: syncSize })
      for (const message of answer.data) if (message.seq >= oldest) put(message)
      known = Math.max(known ?? 0, answer.change)
      more = answer.has_more
    }
    dropPlaced()
    conversation = await client.call('conversation:read', { conversation_id })
    if (conversation.type !== 'direct' && conversation.role === 'member') await findHeld()
  }

  // What was let go while nobody told us is a message by now; what was turned down is only told.
  async function findHeld(): Promise<void> {
    const page = await client.call('moderation:queue', { conversation_id, limit: pageSize })
    const waiting = new Set(page.data.map((each) => each.held_id))
    for (const each of held.values()) if (each.state === 'held' && !waiting.has(each.held_id)) held.delete(each.held_id)
    for (const each of page.data) wait(each)
  }

  function wait(message: HeldMessage): void {
    drafts.delete(message.client_msg_id)
    const isSaid = [...bySeq.values()].some((each) => each.message_id === message.held_id)
    if (!isSaid && (held.get(message.held_id)?.state ?? 'held') === 'held') held.set(message.held_id, message)
    tell()
  }

  // What is said is shown as waiting until it is there, in its place.
  function decided({ held_id, state, reason }: MessagingFacts['message:decided']): void {
    const waiting = held.get(held_id)
    if (waiting && state !== 'released') held.set(held_id, { ...waiting, state, reason })
    tell()
  }

  async function older(): Promise<void> {
    if (!hasOlder) return
    const page = await client.call('conversation:history', { conversation_id, before_seq: oldest, limit: pageSize })
    for (const message of page.data) put(message)
    oldest = page.data.at(-1)?.seq ?? oldest
    hasOlder = page.has_more
    tell()
  }

  async function reach(seq: number): Promise<boolean> {
    for (let page = 0; page < maxReached && seq < oldest && hasOlder; page++) await older()
    return bySeq.has(seq)
  }

  function step(change: number, apply: () => void): void {
    if (known === undefined || change <= known) return
    if (change > known + 1) return catchUp()
    known = change
    apply()
    dropPlaced()
    tell()
  }

  function put(message: Message): void {
    const there = bySeq.get(message.seq)
    if (!there || there.change <= message.change) bySeq.set(message.seq, message)
    held.delete(message.message_id)
  }

  function patch(seq: number, change: Partial<Message>): void {
    const there = bySeq.get(seq)
    if (there) bySeq.set(seq, { ...there, ...change })
  }

  function withdraw(seq: number, change: Partial<Message> = {}): void {
    const there = bySeq.get(seq)
    if (!there) return
    const { system: _happened, tip: _given, ...place } = there
    bySeq.set(seq, { ...place, ...gone, ...change })
  }

  // Facts are the same for everybody: which reactions are one's own is kept from before.
  function react({ seq, change, user_id: who, emoji, added, reactions }: MessagingFacts['reaction:changed']): void {
    const own = new Set(bySeq.get(seq)?.reactions.filter((each) => each.mine).map((each) => each.emoji))
    if (who === user_id && added) own.add(emoji)
    if (who === user_id && !added) own.delete(emoji)
    patch(seq, { change, reactions: reactions.map((each) => ({ ...each, mine: own.has(each.emoji) })) })
  }

  function dropPlaced(): void {
    for (const [clientMsgId, seq] of places)
      if (bySeq.has(seq)) {
        places.delete(clientMsgId)
        drafts.delete(clientMsgId)
      }
  }

  function mark({ user_id: who, delivered_seq, read_seq }: MessagingFacts['receipt:updated']): void {
    if (!conversation) return
    const participants = conversation.participants.map((each) => (each.user_id === who ? { ...each, delivered_seq: Math.max(each.delivered_seq, delivered_seq), read_seq: Math.max(each.read_seq, read_seq) } : each))
    const own = who === user_id ? { read_seq: Math.max(conversation.read_seq, read_seq), delivered_seq: Math.max(conversation.delivered_seq, delivered_seq) } : {}
    conversation = { ...conversation, ...own, participants }
    tell()
  }

  function markRead(): void {
    const last = Math.max(0, ...bySeq.keys())
    if (last <= readUpTo) return
    readUpTo = last
    client.call('conversation:mark-read', { conversation_id, up_to_seq: last }).catch(() => (readUpTo = conversation?.read_seq ?? 0))
  }

  function tellTyping(): void {
    if (performance.now() - typedAt < typingEveryMs || client.state !== 'online') return
    typedAt = performance.now()
    client.call('typing:start', { conversation_id }).catch(() => {})
  }

  function hearTyping(who: string, isTyping: boolean): void {
    clearTimeout(typists.get(who))
    if (isTyping) typists.set(who, setTimeout(() => hearTyping(who, false), typingEndsMs))
    else typists.delete(who)
    tell()
  }

  function isHere(fact: { conversation_id: string }): boolean {
    return fact.conversation_id === conversation_id
  }

  function settled(): Promise<void> {
    return isAsking ? new Promise((resolve) => waiting.add(resolve)) : Promise.resolve()
  }

  function close(): void {
    isClosed = true
    closeListeners()
    clearInterval(look)
    for (const stop of stops) stop()
    for (const timer of typists.values()) clearTimeout(timer)
    for (const resolve of waiting) resolve()
  }
}

const gone: Partial<Message> = { deleted: true, pinned: false, text: '', mentions: [], media: [], reactions: [] }
