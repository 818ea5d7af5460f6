import { inMajorUnits } from '../../kernel/currency.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Mails } from '../../platform/mail.ts'
import type { AccountService } from '../accounts/index.ts'
import { cancelledFrom, graceUntil } from './dunning.ts'
import type { MembershipRow } from './model.ts'

export type Letters = ReturnType<typeof createLetters>

/** What a fan is written when a payment needs them. It leaves with the change that it tells of. */
export function createLetters({ accounts, mails, publicUrl }: { accounts: Pick<AccountService, 'find' | 'namesOf'>; mails: Pick<Mails, 'send'>; publicUrl: () => string }) {
  return Object.freeze({ tell, given, repriced })

  async function tell(tx: Tx, before: MembershipRow, after: MembershipRow): Promise<void> {
    const words = wordsOf(before, after)
    const fan = words && (await accounts.find(after.fan_id))
    if (!fan || fan.erased_at) return
    const creator = (await accounts.namesOf([after.creator_id])).get(after.creator_id) ?? 'your creator'
    await mails.send(tx, {
      to: fan.email,
      subject: words.subject.replace('{creator}', creator),
      text: `Hello ${fan.full_name},\n\n${words.text.replace('{creator}', creator).replace('{amount}', amountOf(after))}\n\n${publicUrl()}/fan/#/memberships\n`,
    })
  }

  /** Another price, before it is charged. */
  async function repriced(tx: Tx, row: MembershipRow): Promise<void> {
    const fan = row.price_change && (await accounts.find(row.fan_id))
    if (!fan || fan.erased_at || !row.price_change) return
    const creator = (await accounts.namesOf([row.creator_id])).get(row.creator_id) ?? 'your creator'
    const after = amountOf({ ...row, amount: row.price_change.amount })
    await mails.send(tx, {
      to: fan.email,
      subject: `The price of your membership of ${creator} changes`,
      text: `Hello ${fan.full_name},\n\nYour membership of ${creator} costs ${after} instead of ${amountOf(row)} from its first period after ${dayOf(row.price_change.from)} on. If that is not for you, end it before:\n\n${publicUrl()}/fan/#/memberships\n`,
    })
  }

  /** What somebody else gave. */
  async function given(tx: Tx, { fan_id, creator_id, given_by, current_period_end }: MembershipRow): Promise<void> {
    const fan = await accounts.find(fan_id)
    if (!fan || fan.erased_at) return
    const names = await accounts.namesOf([creator_id, ...(given_by === undefined ? [] : [given_by])])
    const [creator, giver] = [names.get(creator_id) ?? 'a creator', names.get(given_by ?? '') ?? 'Somebody']
    await mails.send(tx, {
      to: fan.email,
      subject: `You are a member of ${creator}`,
      text: `Hello ${fan.full_name},\n\n${giver} gave you a membership of ${creator} until ${dayOf(current_period_end)}. It ends by itself, and nothing is charged.\n\n${publicUrl()}/fan/#/memberships\n`,
    })
  }
}

/** Undefined when nobody needs to do anything. */
function wordsOf(before: MembershipRow, after: MembershipRow): { subject: string; text: string } | undefined {
  if (after.status === 'past_due' && before.status !== 'past_due')
    return { subject: 'Your membership of {creator} could not be renewed', text: `{amount} for your membership of {creator} could not be charged. You keep your access until ${dayOf(graceUntil(after))}, and we try again until then. You can pay, or choose another way to pay, here:` }
  if (after.status === 'suspended' && before.status !== 'suspended')
    return { subject: 'Your membership of {creator} is suspended', text: `{amount} for your membership of {creator} could not be charged, so what is for members is closed. Until ${dayOf(cancelledFrom(after))} you can pay and go on here:` }
  if (after.status === 'paused' && before.attempts < after.attempts && before.status === 'paused' && before.attempts === 0)
    return { subject: 'Your membership of {creator} could not go on', text: '{amount} for your membership of {creator} could not be charged after its pause. We try again each day for a week; then it ends. You can pay, or choose another way to pay, here:' }
  if (after.status === 'cancelled' && before.status === 'suspended') return { subject: 'Your membership of {creator} has ended', text: 'It was not paid for three weeks, so it has ended, and nothing more is charged. You can join {creator} again whenever you like:' }
  if (after.pay_with === 'checkout' && after.charge?.kind === 'period' && before.charge?.payment_id !== after.charge.payment_id && after.status === 'active')
    return { subject: 'Your membership of {creator} is about to renew', text: `Your membership of {creator} ends on ${dayOf(after.current_period_end)} unless you pay {amount} for its next period. You find the payment here:` }
  return undefined
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}

function amountOf({ amount, currency }: MembershipRow): string {
  return `${currency} ${inMajorUnits(amount, currency)}`
}
