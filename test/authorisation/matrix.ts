import type { OperationName } from '../../src/features/catalogue.ts'
import type { ErrorCode } from '../../src/kernel/errors.ts'
import type { Person } from '../support/cast.ts'

export const roles = ['anonymous', 'fan', 'blocked', 'owner', 'other', 'admin'] as const
export type Role = (typeof roles)[number]

/** Everything that rows point at belongs to `owner`, a creator; `fan` has tipped him, `blocked` he has blocked, `other` is another creator. */
export interface Stage {
  people: Record<Exclude<Role, 'anonymous'>, Person>
  bystander: string
  overlay_id: string
  goal_id: string
  tip_id: string
  payment_id: string
  /** which the fan asked for */
  refund_id: string
  /** the owner's */
  tier_id: string
  /** the fan's, of that tier */
  membership_id: string
  line_id: string
  entry_id: string
  /** a group of the owner's, with the fan in it */
  conversation_id: string
  /** said there by the owner */
  message_id: string
}

/** `ok`: the door lets through and the policy agrees, whatever the state then says. Else the code of the refusal. */
export type Verdict = 'ok' | ErrorCode

export interface Row {
  verdicts: Record<Role, Verdict>
  input: (stage: Stage, self: Person | undefined) => object
}

const public_ = columns('ok', 'ok', 'ok', 'ok', 'ok', 'ok')
const signedIn = columns('unauthenticated', 'ok', 'ok', 'ok', 'ok', 'ok')
const creators = columns('unauthenticated', 'forbidden', 'forbidden', 'ok', 'ok', 'forbidden')
/** a thing of one creator: that it exists is nobody else's to know */
const owned = columns('unauthenticated', 'forbidden', 'forbidden', 'ok', 'not-found', 'forbidden')
const admins = columns('unauthenticated', 'forbidden', 'forbidden', 'forbidden', 'forbidden', 'ok')
const adminsOfNothing = { ...admins, admin: 'not-found' as const }
const towardsOwner = columns('unauthenticated', 'ok', 'blocked', 'self', 'ok', 'ok')
/** nobody learns of a conversation that they are not in, admins neither */
const inGroup = columns('unauthenticated', 'ok', 'not-found', 'ok', 'not-found', 'not-found')
const keepsOrder = columns('unauthenticated', 'forbidden', 'not-found', 'ok', 'not-found', 'not-found')
/** the fan's own, which an admin may look at */
const ofFan = columns('unauthenticated', 'ok', 'not-found', 'not-found', 'not-found', 'ok')
const ofFanAlone = { ...ofFan, admin: 'not-found' as const }
/** whose money came, whose it went to, and admins */
const ofBothSides = columns('unauthenticated', 'ok', 'not-found', 'ok', 'not-found', 'ok')
const inNone = { ...every('not-found'), anonymous: 'unauthenticated' as const }
const unknownRefresh = `ses_${'0'.repeat(32)}.${'a'.repeat(43)}`
const money = { amount: 100, currency: 'ZMW' }
const none = () => ({})

/** Who may do what. A door without a row fails. */
export const matrix: Record<Exclude<OperationName, `alert:${'started' | 'finished' | 'failed'}`>, Row> = {
  'account:register': { verdicts: public_, input: () => ({ email: 'no address' }) },
  'account:login': { verdicts: public_, input: () => ({ email: '' }) },
  'account:refresh': { verdicts: every('unauthenticated'), input: () => ({ refresh_token: unknownRefresh }) },
  'account:logout': { verdicts: signedIn, input: () => ({ refresh_token: unknownRefresh }) },
  'account:me': { verdicts: signedIn, input: none },
  'account:verify-email': { verdicts: public_, input: () => ({ email: 'nobody@example.org', code: 'x' }) },
  'account:resend-verification': { verdicts: signedIn, input: none },
  'account:forgot-password': { verdicts: public_, input: () => ({ email: 'nobody@example.org' }) },
  'account:reset-password': { verdicts: public_, input: () => ({ email: 'nobody@example.org', code: 'x', password: 'a good long password' }) },
  'account:change-password': { verdicts: signedIn, input: () => ({ current_password: 'not it', password: 'a good long password' }) },
  'account:export': { verdicts: signedIn, input: none },
  'account:delete': { verdicts: signedIn, input: () => ({ password: 'not it' }) },
  'account:undelete': { verdicts: signedIn, input: none },
  'session:list': { verdicts: signedIn, input: none },
  'session:revoke': { verdicts: { ...every('not-found'), anonymous: 'unauthenticated' }, input: () => ({ session_id: 'ses_of_somebody_else' }) },
  'session:revoke-others': { verdicts: signedIn, input: none },
  'session:refresh-token': { verdicts: signedIn, input: (_stage, self) => ({ token: self?.token ?? '' }) },
  'user:list': { verdicts: admins, input: none },
  'user:suspend': { verdicts: admins, input: ({ bystander }) => ({ user_id: bystander, reason: 'matrix' }) },
  'user:restore': { verdicts: admins, input: ({ bystander }) => ({ user_id: bystander }) },
  'user:set-role': { verdicts: admins, input: ({ bystander }) => ({ user_id: bystander, role: 'fan' }) },
  'creator:me': { verdicts: creators, input: none },
  'creator:update': { verdicts: creators, input: () => ({ bio: 'matrix' }) },
  'creator:search': { verdicts: public_, input: none },
  'creator:suggested': { verdicts: signedIn, input: none },
  'creator:read': { verdicts: public_, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'creator:follow': { verdicts: towardsOwner, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'creator:unfollow': { verdicts: signedIn, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'follower:list': { verdicts: columns('unauthenticated', 'forbidden', 'forbidden', 'ok', 'forbidden', 'ok'), input: ({ people }) => ({ creator_id: people.owner.id }) },
  'following:list': { verdicts: signedIn, input: none },
  'user:block': { verdicts: signedIn, input: ({ bystander }) => ({ user_id: bystander }) },
  'user:unblock': { verdicts: signedIn, input: ({ bystander }) => ({ user_id: bystander }) },
  'block:list': { verdicts: signedIn, input: none },
  'user:mute': { verdicts: signedIn, input: ({ bystander }) => ({ user_id: bystander }) },
  'user:unmute': { verdicts: signedIn, input: ({ bystander }) => ({ user_id: bystander }) },
  'mute:list': { verdicts: signedIn, input: none },
  'report:create': { verdicts: signedIn, input: ({ bystander }) => ({ subject_type: 'user', subject_id: bystander, reason: 'other' }) },
  'report:list': { verdicts: admins, input: none },
  'report:resolve': { verdicts: adminsOfNothing, input: () => ({ report_id: 'rep_none', decision: 'dismissed', note: 'matrix' }) },
  'wallet:me': { verdicts: signedIn, input: none },
  'wallet:transactions': { verdicts: signedIn, input: none },
  'wallet:line': { verdicts: columns('unauthenticated', 'ok', 'not-found', 'not-found', 'not-found', 'not-found'), input: ({ line_id }) => ({ line_id }) },
  'payment-method:create': { verdicts: signedIn, input: () => ({ kind: 'card', behaviour: 'success' }) },
  'payment-method:list': { verdicts: signedIn, input: none },
  'payment-method:remove': { verdicts: inNone, input: () => ({ payment_method_id: 'pmt_of_somebody_else' }) },
  'account:step-up': { verdicts: signedIn, input: () => ({ password: 'a wrong password' }) },
  'payout:request': { verdicts: creators, input: () => ({ amount: 10_000, bank_account: 'ZM12 0001 0002 0004', account_name: 'Stage' }) },
  'payout:mine': { verdicts: creators, input: none },
  'payout:cancel': { verdicts: { ...creators, owner: 'not-found', other: 'not-found' }, input: () => ({ payout_id: 'pot_none' }) },
  'earnings:mine': { verdicts: creators, input: none },
  'payout:settings': { verdicts: creators, input: none },
  'payout:set-plan': { verdicts: creators, input: () => ({ mode: 'off', weekday: null, threshold: null, account_name: 'Stage' }) },
  'payout:list': { verdicts: admins, input: none },
  'admin:memberships': { verdicts: admins, input: none },
  'payout:approve': { verdicts: adminsOfNothing, input: () => ({ payout_id: 'pot_none', note: '' }) },
  'payout:reject': { verdicts: adminsOfNothing, input: () => ({ payout_id: 'pot_none', reason: 'matrix' }) },
  'payout:hold': { verdicts: adminsOfNothing, input: () => ({ payout_id: 'pot_none', reason: 'matrix' }) },
  'payout:release': { verdicts: adminsOfNothing, input: () => ({ payout_id: 'pot_none' }) },
  'refund:create': { verdicts: ofBothSides, input: ({ payment_id }) => ({ payment_id, amount: 1, reason: 'matrix', to: 'wallet' }) },
  'refund:list': { verdicts: ofBothSides, input: ({ payment_id }) => ({ payment_id }) },
  'refund:decide': { verdicts: { ...ofBothSides, fan: 'forbidden' }, input: ({ refund_id }) => ({ refund_id, decision: 'reject' }) },
  'wallet:top-up': { verdicts: signedIn, input: () => money },
  'ledger:proof': { verdicts: columns('unauthenticated', 'ok', 'not-found', 'ok', 'not-found', 'ok'), input: ({ entry_id }) => ({ entry_id }) },
  'ledger:keys': { verdicts: public_, input: none },
  'payment:read': { verdicts: columns('unauthenticated', 'ok', 'not-found', 'not-found', 'not-found', 'ok'), input: ({ payment_id }) => ({ payment_id }) },
  'payment:initiate': { verdicts: towardsOwner, input: ({ people }) => ({ ...money, creator_id: people.owner.id }) },
  'admin:transactions': { verdicts: admins, input: none },
  'webhook:list': { verdicts: admins, input: none },
  'webhook:replay': { verdicts: adminsOfNothing, input: () => ({ inbox_id: 'sandbox:none' }) },
  'guest-tip:initiate': { verdicts: { ...every('forbidden'), anonymous: 'ok' }, input: ({ people }) => ({ ...money, creator_id: people.owner.id }) },
  'guest-tip:read': { verdicts: every('not-found'), input: ({ payment_id }) => ({ receipt: `${payment_id}.${'a'.repeat(43)}` }) },
  'tier:create': { verdicts: creators, input: () => ({ name: 'matrix', rank: 7, benefits: [], prices: [{ interval: 'month', ...money }] }) },
  'tier:update': { verdicts: owned, input: ({ tier_id }) => ({ tier_id, name: 'matrix' }) },
  'tier:list': { verdicts: public_, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'tier:mine': { verdicts: creators, input: none },
  'membership:subscribe': { verdicts: towardsOwner, input: ({ tier_id }) => ({ tier_id, interval: 'month', pay_with: 'wallet' }) },
  'membership:list': { verdicts: signedIn, input: none },
  'membership:read': { verdicts: ofFan, input: ({ membership_id }) => ({ membership_id }) },
  'membership:change': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id, interval: 'year' }) },
  'membership:preview-change': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id, interval: 'year' }) },
  'membership:pay': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id }) },
  'membership:cancel': { verdicts: ofFan, input: ({ membership_id }) => ({ membership_id, at: 'period_end' }) },
  'membership:uncancel': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id }) },
  'membership:pause': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id, until: new Date(Date.now() + 60 * 24 * 3600_000).toISOString() }) },
  'membership:resume': { verdicts: ofFanAlone, input: ({ membership_id }) => ({ membership_id }) },
  'membership:gift': { verdicts: columns('unauthenticated', 'ok', 'blocked', 'self', 'ok', 'ok'), input: ({ tier_id, bystander }) => ({ tier_id, user_id: bystander, interval: 'month' }) },
  'member:comp': { verdicts: owned, input: ({ tier_id, bystander }) => ({ tier_id, user_id: bystander, until: new Date(Date.now() + 3600_000).toISOString() }) },
  'member:list': { verdicts: creators, input: none },
  'access:check': { verdicts: signedIn, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'tier:archive': { verdicts: owned, input: ({ tier_id }) => ({ tier_id }) },
  'tip:send': { verdicts: towardsOwner, input: ({ people }) => ({ ...money, creator_id: people.owner.id }) },
  'tip:sent': { verdicts: signedIn, input: none },
  'tip:list': { verdicts: creators, input: none },
  'tip:moderate': { verdicts: owned, input: ({ tip_id }) => ({ tip_id, decision: 'allow' }) },
  'tip-settings:read': { verdicts: creators, input: none },
  'tip-settings:update': {
    verdicts: creators,
    input: () => ({ min_amount: 1, max_amount: 1_000_000, currency: 'ZMW', moderation: 'auto', filter: { words: [], action: 'mask', hide_links: false } }),
  },
  'tip-settings:public': { verdicts: public_, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'goal:create': { verdicts: creators, input: () => ({ title: 'matrix', kind: 'count', target: 5 }) },
  'goal:list': { verdicts: creators, input: none },
  'goal:update': { verdicts: owned, input: ({ goal_id }) => ({ goal_id, title: 'matrix' }) },
  'goal:close': { verdicts: owned, input: ({ goal_id }) => ({ goal_id }) },
  'goal:public': { verdicts: public_, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'live:start': { verdicts: creators, input: none },
  'live:stop': { verdicts: creators, input: none },
  'live:reset': { verdicts: creators, input: none },
  'live:read': { verdicts: public_, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'live:join': { verdicts: { ...signedIn, blocked: 'blocked' }, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'live:leave': { verdicts: signedIn, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'overlay:create': { verdicts: creators, input: none },
  'overlay:list': { verdicts: creators, input: none },
  'overlay:read': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id }) },
  'overlay:configure': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id, variations: [], gap_ms: 0, volume: 50 }) },
  'overlay:rotate': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id }) },
  'alert:test': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id }) },
  'alert:control': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id, action: 'pause' }) },
  'alert:list': { verdicts: owned, input: ({ overlay_id }) => ({ overlay_id }) },
  'conversation:create': { verdicts: signedIn, input: ({ bystander }) => ({ type: 'direct', member_ids: [bystander] }) },
  'conversation:list': { verdicts: signedIn, input: none },
  'session:sync': { verdicts: signedIn, input: ({ conversation_id }) => ({ conversations: [{ conversation_id, since_change: 0 }] }) },
  'conversation:read': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'conversation:update': { verdicts: keepsOrder, input: ({ conversation_id }) => ({ conversation_id, title: 'matrix' }) },
  'conversation:add-members': { verdicts: keepsOrder, input: ({ conversation_id, bystander }) => ({ conversation_id, member_ids: [bystander] }) },
  'conversation:remove-member': { verdicts: { ...keepsOrder, owner: 'not-found' }, input: ({ conversation_id }) => ({ conversation_id, user_id: 'usr_none' }) },
  'conversation:set-role': { verdicts: keepsOrder, input: ({ conversation_id, people }) => ({ conversation_id, user_id: people.fan.id, role: 'member' }) },
  'room:read': { verdicts: signedIn, input: () => ({ creator_id: 'usr_none' }) },
  'conversation:join': { verdicts: inNone, input: ({ conversation_id }) => ({ conversation_id }) },
  'conversation:leave': { verdicts: inNone, input: () => ({ conversation_id: 'con_none' }) },
  'conversation:accept': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'conversation:decline': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'conversation:mute': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id, until: null }) },
  'conversation:history': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'conversation:sync': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id, since_change: 0 }) },
  'conversation:mark-delivered': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id, up_to_seq: 1 }) },
  'conversation:mark-read': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id, up_to_seq: 1 }) },
  'message:send': { verdicts: inGroup, input: ({ conversation_id }, self) => ({ conversation_id, client_msg_id: `matrix-${self?.id ?? ''}`.slice(0, 64), text: 'matrix' }) },
  'message:edit': { verdicts: keepsOrder, input: ({ message_id }) => ({ message_id, text: 'matrix' }) },
  'message:edits': { verdicts: inGroup, input: ({ message_id }) => ({ message_id }) },
  'reaction:add': { verdicts: inGroup, input: ({ message_id }) => ({ message_id, emoji: '👏' }) },
  'reaction:remove': { verdicts: inGroup, input: ({ message_id }) => ({ message_id, emoji: '👏' }) },
  'reminder:create': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id, text: 'matrix', due_at: '2000-01-01T00:00:00.000Z' }) },
  'reminder:list': { verdicts: signedIn, input: none },
  'reminder:cancel': { verdicts: inNone, input: () => ({ reminder_id: 'rem_none' }) },
  'message:pin': { verdicts: keepsOrder, input: ({ message_id }) => ({ message_id }) },
  'message:unpin': { verdicts: keepsOrder, input: ({ message_id }) => ({ message_id }) },
  'conversation:pins': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'message:search': { verdicts: signedIn, input: () => ({ query: 'matrix' }) },
  'message:forward': { verdicts: inGroup, input: ({ message_id }) => ({ message_id, conversation_ids: ['con_none'], client_msg_id: 'matrix-forward' }) },
  'typing:start': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'typing:stop': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'moderation:timeout': { verdicts: keepsOrder, input: ({ conversation_id, people }) => ({ conversation_id, user_id: people.fan.id, until: null }) },
  'moderation:ban': { verdicts: { ...keepsOrder, owner: 'forbidden' }, input: ({ conversation_id, people }) => ({ conversation_id, user_id: people.fan.id, until: null }) },
  // The last of them: it leaves nothing to look at.
  'moderation:queue': { verdicts: inGroup, input: ({ conversation_id }) => ({ conversation_id }) },
  'moderation:approve': { verdicts: inNone, input: () => ({ held_id: 'msg_none' }) },
  'moderation:reject': { verdicts: inNone, input: () => ({ held_id: 'msg_none' }) },
  'message:delete': { verdicts: keepsOrder, input: ({ message_id }) => ({ message_id }) },
  'messaging-settings:read': { verdicts: signedIn, input: none },
  'media:sign': { verdicts: inNone, input: () => ({ media_id: 'med_of_somebody_else' }) },
  'media:discard': { verdicts: inNone, input: () => ({ media_id: 'med_of_somebody_else' }) },
  'media:usage': { verdicts: signedIn, input: none },
  'messaging-settings:update': { verdicts: signedIn, input: () => ({ reads_privately: false }) },
  'presence:set': { verdicts: signedIn, input: () => ({ state: 'online' }) },
  'presence:subscribe': { verdicts: signedIn, input: ({ people }) => ({ user_ids: [people.owner.id] }) },
  'presence:read': { verdicts: { ...inGroup, blocked: 'blocked' }, input: ({ people }) => ({ user_id: people.owner.id }) },
  'presence-settings:read': { verdicts: signedIn, input: none },
  'presence-settings:update': { verdicts: signedIn, input: () => ({ hides_presence: false }) },
  'announcement:create': { verdicts: creators, input: ({ bystander }) => ({ audience: 'list', user_ids: [bystander], text: 'matrix' }) },
  'announcement:list': { verdicts: creators, input: none },
  'announcement:read': { verdicts: { ...owned, owner: 'not-found' }, input: () => ({ announcement_id: 'ann_none' }) },
  'announcement:cancel': { verdicts: { ...owned, owner: 'not-found' }, input: () => ({ announcement_id: 'ann_none' }) },
  'announcement-consent:read': { verdicts: signedIn, input: ({ people }) => ({ creator_id: people.owner.id }) },
  'announcement-consent:update': { verdicts: signedIn, input: ({ people }) => ({ creator_id: people.owner.id, receives: true }) },
  'admin:check': { verdicts: admins, input: none },
  'delivery:list': { verdicts: admins, input: none },
  'delivery:retry': { verdicts: adminsOfNothing, input: () => ({ event_id: 'evt_none', subscriber: 'nobody' }) },
  'audit:list': { verdicts: admins, input: none },
  'mail:list': { verdicts: admins, input: none },
  'job:list': { verdicts: admins, input: none },
  'maintenance:set': { verdicts: admins, input: () => ({ on: false }) },
  'maintenance:read': { verdicts: admins, input: none },
  'clock:now': { verdicts: public_, input: none },
  'clock:read': { verdicts: admins, input: none },
  'clock:advance': { verdicts: admins, input: () => ({ by: 'PT1S' }) },
  'sandbox:faults': { verdicts: admins, input: none },
  'sandbox:read-faults': { verdicts: admins, input: none },
}

function columns(...[anonymous, fan, blocked, owner, other, admin]: [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict]): Record<Role, Verdict> {
  return { anonymous, fan, blocked, owner, other, admin }
}

function every(verdict: Verdict): Record<Role, Verdict> {
  return columns(verdict, verdict, verdict, verdict, verdict, verdict)
}
