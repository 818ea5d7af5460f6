import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { MediaService } from '../media/index.ts'
import type { Access } from './access.ts'
import type { Edit, Message, Reaction } from './contract.ts'
import { isEmoji } from './emoji.ts'
import type { ConversationRow, MessageRow, MessagingModels } from './model.ts'
import { refusalOfEdit, refusalOfSilenced } from './order.ts'
import type { Parting } from './parting.ts'
import type { Placing } from './placing.ts'
import { canDelete, canEdit } from './policy.ts'
import { hearersOf, presentEdits, presentMessage } from './present.ts'
import { termsOf } from './terms.ts'

type Nothing = Record<string, never>

const maxKinds = 20
/** former words are kept with the message */
const maxEdits = 50

export interface ChangingDependencies {
  models: MessagingModels
  access: Access
  parting: Parting
  audit: Audit
  accounts: Pick<AccountService, 'namesOf'>
  /** by who changes: each change is told to everybody in it */
  flood: Limiter
  unitOfWork: UnitOfWork
  media: Pick<MediaService, 'release'>
  clock: Clock
  placing: Pick<Placing, 'nextStep'>
}

export type Changing = ReturnType<typeof createChanging>

/** What becomes of a message after it was said. Every change takes the conversation's next step, so that whoever was away can ask for it. */
export function createChanging({ models, access, parting, audit, accounts, flood, unitOfWork, media, clock, placing }: ChangingDependencies) {
  const { Messages, Reactions, Mentions } = models

  return Object.freeze({ edit, edits, remove, withdraw, react: (ctx: Context, input: { message_id: string; emoji: string }) => react(ctx, input, true), unreact: (ctx: Context, input: { message_id: string; emoji: string }) => react(ctx, input, false) })

  /** The words that were there stay to be read. @throws AppError `forbidden` for who did not say it, or a day later */
  async function edit(ctx: Context, { message_id, text }: { message_id: string; text: string }): Promise<Message> {
    const { user_id } = userOf(ctx)
    await flood.take(user_id)
    const { conversation: turn } = await access.toMessage(ctx, message_id)
    const names = await accounts.namesOf([user_id])
    return unitOfWork.run(
      ctx,
      async (tx) => {
        const { message, me, conversation } = await liveMessage(ctx, message_id)
        const now = clock.now()
        ensure(canEdit(user_id, message, now), 'forbidden', 'Only who said it may change it, for a day')
        await ensureNotParted(tx, conversation, user_id)
        const refusal = refusalOfEdit(text, conversation, me, now)
        if (refusal) throw refusal
        if (message.text === text) return presentMessage(message, names, { user_id, reacted: await reactedBy(user_id, message_id) })
        ensure(message.edits.length < maxEdits, 'conflict', `At most ${maxEdits} changes of one message`)
        const change = await nextStep(conversation)
        const edits = [...message.edits, { text: message.text, until: now }]
        await Messages.updateOne({ _id: message_id }, { $set: { text, edited_at: now, change, edits, terms: termsOf(text) } })
        await tx.publish('message.updated', { ...hearersOf(conversation), fact: { conversation_id: conversation._id, message_id, seq: message.seq, change, text, mentions: message.mentions, edited_at: now.toISOString() } })
        return presentMessage({ ...message, text, change, edits, edited_at: now }, names, { user_id, reacted: await reactedBy(user_id, message_id) })
      },
      turn._id,
    )
  }

  async function edits(ctx: Context, { message_id }: { message_id: string }): Promise<{ data: Edit[]; has_more: boolean; next: null }> {
    const { message } = await access.toMessage(ctx, message_id)
    return { data: message.deleted_at ? [] : presentEdits(message), has_more: false, next: null }
  }

  /** For all, nothing of it is left but its place; for oneself, it is off one's own list, on every device. */
  async function remove(ctx: Context, { message_id, scope = 'all' }: { message_id: string; scope?: 'all' | 'me' }): Promise<Nothing> {
    const { conversation: turn } = await access.toMessage(ctx, message_id)
    const { user_id } = userOf(ctx)
    ensure(scope === 'all' || turn.type !== 'room', 'forbidden', 'In a room a message is there for all or for none')
    await unitOfWork.run(
      ctx,
      async (tx) => {
        const { message, me, conversation } = await access.toMessage(ctx, message_id)
        if (message.deleted_at !== null) return
        if (scope === 'all') ensure(canDelete(me, message), 'forbidden', 'Only who said it, or who keeps order here, may take it away')
        if (scope === 'me') {
          const change = await nextStep(conversation)
          await Messages.updateOne({ _id: message_id }, { $set: { change }, $addToSet: { hidden_for: user_id } })
          await tx.publish('message.hidden', { user_id, fact: { conversation_id: conversation._id, message_id, seq: message.seq } })
          return
        }
        await withdraw(tx, conversation, message)
        if (message.sender_id !== user_id) await audit.record(tx, ctx, { action: 'message.removed', subject: message_id, details: { conversation: conversation._id, sender: message.sender_id } })
      },
      turn._id,
    )
    return {}
  }

  /** Nothing of it is left but its place. */
  async function withdraw(tx: Tx, conversation: ConversationRow, { _id: message_id, seq, mentions, media: files }: MessageRow): Promise<void> {
    const change = await nextStep(conversation)
    await Messages.updateOne({ _id: message_id }, { $set: { change, text: '', mentions: [], media: [], reactions: [], edits: [], terms: [], deleted_at: clock.now() }, $unset: { pinned_at: 1 } })
    if (files?.length) await media.release(tx, { message_id })
    await Reactions.deleteMany({ message_id })
    await Mentions.deleteMany({ _id: { $in: mentions.map((each) => `${message_id}/${each}`) } })
    await tx.publish('message.deleted', { ...hearersOf(conversation), fact: { conversation_id: conversation._id, message_id, seq, change } })
  }

  async function react(ctx: Context, { message_id, emoji }: { message_id: string; emoji: string }, added: boolean): Promise<{ reactions: Reaction[] }> {
    ensure(isEmoji(emoji), 'validation', { errors: [{ path: 'emoji', code: 'emoji', detail: 'is not one emoji' }] })
    const { user_id } = userOf(ctx)
    await flood.take(user_id)
    const { conversation: turn } = await access.toMessage(ctx, message_id)
    return unitOfWork.run(
      ctx,
      async (tx) => {
        const { message, me, conversation } = await liveMessage(ctx, message_id)
        const silenced = added ? refusalOfSilenced(me, clock.now()) : undefined
        if (silenced) throw silenced
        if (added) await ensureNotParted(tx, conversation, user_id)
        const _id = `${message_id}/${user_id}/${emoji}`
        const isThere = (await Reactions.exists({ _id })) !== null
        const mine = await reactedBy(user_id, message_id)
        if (isThere === added) return { reactions: presented(message.reactions, mine) }
        const reactions = counted(message.reactions, emoji, added ? 1 : -1)
        ensure(reactions.length <= maxKinds, 'conflict', `At most ${maxKinds} kinds of reactions on one message`)
        const change = await nextStep(conversation)
        if (added) tx.insert(Reactions, [{ _id, message_id, user_id, emoji }])
        else await Reactions.deleteOne({ _id })
        await Messages.updateOne({ _id: message_id }, { $set: { reactions, change } })
        await tx.publish('reaction.changed', { ...hearersOf(conversation), fact: { conversation_id: conversation._id, message_id, seq: message.seq, change, user_id, emoji, added, reactions } })
        const own = new Set(mine)
        if (added) own.add(emoji)
        else own.delete(emoji)
        return { reactions: presented(reactions, own) }
      },
      turn._id,
    )
  }

  async function reactedBy(user_id: string, message_id: string): Promise<Set<string>> {
    return new Set((await Reactions.find({ message_id, user_id }, { emoji: 1 }).lean()).map((row) => row.emoji))
  }

  // Asked again inside: whoever is sent out moves the conversation's row, so of the two one comes first, and the other sees it.
  async function liveMessage(ctx: Context, messageId: string): ReturnType<Access['toMessage']> {
    const found = await access.toMessage(ctx, messageId)
    ensure(found.message.deleted_at === null, 'not-found')
    return found
  }

  async function ensureNotParted(tx: Tx, conversation: ConversationRow, userId: string): Promise<void> {
    ensure(!(await parting.claim(tx, conversation, [userId])).has(userId), 'blocked')
  }

  async function nextStep({ _id }: ConversationRow): Promise<number> {
    return placing.nextStep(_id)
  }
}

function counted(reactions: MessageRow['reactions'], emoji: string, by: 1 | -1): MessageRow['reactions'] {
  const known = reactions.some((each) => each.emoji === emoji)
  return (known ? reactions : [...reactions, { emoji, count: 0 }]).map((each) => (each.emoji === emoji ? { emoji, count: each.count + by } : each)).filter((each) => each.count > 0)
}

function presented(reactions: MessageRow['reactions'], mine: ReadonlySet<string>): Reaction[] {
  return reactions.map(({ emoji, count }) => ({ emoji, count, mine: mine.has(emoji) }))
}
