import type { AccountService } from '../accounts/index.ts'
import type { Media } from '../media/contract.ts'
import type { Messages } from '../messaging/index.ts'
import type { TipService } from '../tips/index.ts'
import type { ReportSubject } from './contract.ts'

/** What can be reported: whom it is about, and who can know of it at all. */
export interface Subject {
  about: string
  known_to: 'everybody' | readonly string[]
  /** its words: by the time an admin looks they may have been changed or taken away */
  quote?: string
  media?: readonly Media[]
}

export type Subjects = Readonly<Record<ReportSubject, (subjectId: string) => Promise<Subject | null>>>

export function createSubjects({ accounts, tips, messages }: { accounts: Pick<AccountService, 'find'>; tips: Pick<TipService, 'partiesOf'>; messages: Messages }): Subjects {
  return Object.freeze({ user, tip, message })

  async function user(userId: string): Promise<Subject | null> {
    const found = await accounts.find(userId)
    return found && { about: found._id, known_to: 'everybody' }
  }

  async function tip(tipId: string): Promise<Subject | null> {
    const parties = await tips.partiesOf(tipId)
    return parties && { about: parties.fan_id, known_to: [parties.fan_id, parties.creator_id], quote: parties.message }
  }

  async function message(messageId: string): Promise<Subject | null> {
    const found = await messages.find(messageId)
    return found && { about: found.sender_id, known_to: found.member_ids, quote: found.text, media: found.media }
  }
}
