import Joi from 'joi'
import { errorCodes } from '../../kernel/errors.ts'
import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import type { PageQuery } from '../../kernel/page.ts'
import { cursor, id, instant, limit, page, text } from '../../kernel/schema.ts'
import { type CreateReminder, type Forwarded, type ForwardMessage, type FoundMessage, type Message, type MessagingFacts, type Reminder, type SearchMessages, messagingRoutes } from './contract.ts'
import type { Forwarding } from './forwarding.ts'
import type { Pins } from './pins.ts'
import type { Reminders } from './reminders.ts'
import * as schema from './schema.ts'
import type { Search } from './search.ts'

const seq = Joi.number().integer().min(0).max(Number.MAX_SAFE_INTEGER)
const place = { conversation_id: id.required(), message_id: id.required(), seq: seq.required() }

const createReminder = Joi.object<CreateReminder, true>({ conversation_id: id.required(), text: text(4_000).pattern(/\S/u).example('Doors open at eight').required(), due_at: instant.required() })
const reminder = Joi.object<Reminder, true>({
  reminder_id: id.required(),
  conversation_id: id.required(),
  text: text(4_000).required(),
  due_at: instant.required(),
  state: Joi.string<Reminder['state']>().valid('open', 'fired', 'cancelled', 'dropped').required(),
  reason: Joi.string<NonNullable<Reminder['reason']>>().valid('left', 'blocked', 'silenced', 'forbidden').allow(null).required(),
  message_id: id.allow(null).required(),
  created_at: instant.required(),
})
const allMessages = Joi.object<{ data: Message[]; has_more: boolean; next: null }>({ data: Joi.array().items(schema.message).required(), has_more: Joi.boolean().required(), next: Joi.valid(null).required() })
const searchMessages = Joi.object<SearchMessages, true>({ query: text(200).example('tomorrow').required(), conversation_id: id, limit, cursor })
const foundMessage = Joi.object<FoundMessage, true>({ message: schema.message.required(), title: Joi.string().allow('').required(), conversation_type: Joi.string<FoundMessage['conversation_type']>().valid('direct', 'group', 'room').required() })
const forwardMessage = Joi.object<ForwardMessage, true>({ message_id: id.required(), conversation_ids: Joi.array<string[]>().items(id).min(1).max(10).unique().required(), client_msg_id: schema.clientMsgId.required() })
const forwarded = Joi.object<Forwarded, true>({ conversation_id: id.required(), message: schema.sentMessage.allow(null).required(), refused: Joi.string<(typeof errorCodes)[number]>().valid(...errorCodes).allow(null).required() })
const allForwarded = Joi.object<{ data: Forwarded[]; has_more: boolean; next: null }>({ data: Joi.array().items(forwarded).required(), has_more: Joi.boolean().required(), next: Joi.valid(null).required() })

export interface KindServices {
  reminders: Reminders
  pins: Pins
  search: Search['search']
  forward: Forwarding['forward']
}

export function kindOperations({ reminders, pins, search, forward }: KindServices): AnyOperation[] {
  return [
    operation({
      name: 'reminder:create',
      summary: 'Have something said in a conversation later; at most fifty at a time, at most a year ahead',
      ...messagingRoutes['reminder:create'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'forbidden', 'conflict'],
      input: createReminder,
      output: reminder,
      handle: reminders.create,
    }),
    operation({
      name: 'reminder:list',
      summary: 'Your reminders, newest first, and what became of them',
      route: messagingRoutes['reminder:list'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: Joi.object<PageQuery, true>({ limit, cursor }),
      output: page(reminder),
      handle: reminders.list,
    }),
    operation({
      name: 'reminder:cancel',
      summary: 'Take a reminder back that was not said yet',
      route: messagingRoutes['reminder:cancel'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state'],
      input: Joi.object<{ reminder_id: string }, true>({ reminder_id: id.required() }),
      output: reminder,
      handle: reminders.cancel,
    }),
    operation({
      name: 'message:pin',
      summary: 'Keep a message in sight; in a group or a room, by who keeps order',
      route: messagingRoutes['message:pin'],
      audience: 'signed-in',
      errors: ['not-found', 'forbidden', 'conflict'],
      input: schema.messageId,
      output: schema.nothing,
      handle: pins.pin,
    }),
    operation({
      name: 'message:unpin',
      summary: 'Keep it in sight no longer',
      route: messagingRoutes['message:unpin'],
      audience: 'signed-in',
      errors: ['not-found', 'forbidden'],
      input: schema.messageId,
      output: schema.nothing,
      handle: pins.unpin,
    }),
    operation({
      name: 'conversation:pins',
      summary: 'What is pinned, the latest pin first',
      route: messagingRoutes['conversation:pins'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.conversationId,
      output: allMessages,
      handle: pins.list,
    }),
    operation({
      name: 'message:search',
      summary: 'Messages that you can read, by the beginnings of their words, newest first. A page may come short and say that there is more',
      route: messagingRoutes['message:search'],
      audience: 'signed-in',
      cost: 5,
      errors: ['not-found', 'cursor'],
      input: searchMessages,
      output: page(foundMessage),
      handle: search,
    }),
    operation({
      name: 'message:forward',
      summary: 'Say what was said elsewhere once more, in up to ten conversations; each answers for itself',
      ...messagingRoutes['message:forward'],
      audience: 'signed-in',
      cost: 5,
      errors: ['not-found', 'forbidden'],
      input: forwardMessage,
      output: allForwarded,
      handle: forward,
    }),
  ]
}

export const kindFacts: AnyFact[] = [
  fact({
    name: 'message:pinned',
    summary: 'A message was pinned, or is no longer',
    namespace: '/',
    room: 'user',
    also: [{ namespace: '/', room: 'conversation' }],
    data: Joi.object<MessagingFacts['message:pinned'], true>({ ...place, change: seq.required(), pinned: Joi.boolean().required() }),
  }),
  fact({
    name: 'reminder:due',
    summary: 'A reminder has become a message; in a room, its writer alone is told',
    namespace: '/',
    room: 'user',
    data: Joi.object<MessagingFacts['reminder:due'], true>({ ...place, sender_id: id.required(), sender_name: Joi.string().allow('').required(), text: text(4_000).required() }),
  }),
]
