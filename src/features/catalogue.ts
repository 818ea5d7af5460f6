import type { Reach } from '../kernel/operation.ts'
import { accountRoutes, type AccountFacts, type AccountOperations } from './accounts/contract.ts'
import { announcementRoutes, type AnnouncementFacts, type AnnouncementOperations } from './announcements/contract.ts'
import { adminRoutes, type AdminOperations } from './admin/contract.ts'
import { clockRoutes, type ClockFacts, type ClockOperations } from './clock/contract.ts'
import { ledgerRoutes, type LedgerFacts, type LedgerOperations } from './ledger/contract.ts'
import { mediaRoutes, type MediaOperations } from './media/contract.ts'
import { membershipRoutes, type MembershipFacts, type MembershipOperations } from './memberships/contract.ts'
import { messagingRoutes, type MessagingFacts, type MessagingOperations } from './messaging/contract.ts'
import { overlayRoutes, type OverlayFacts, type OverlayOperations } from './overlays/contract.ts'
import { paymentRoutes, type PaymentFacts, type PaymentOperations } from './payments/contract.ts'
import { payoutRoutes, type PayoutFacts, type PayoutOperations } from './payouts/contract.ts'
import { presenceRoutes, type PresenceFacts, type PresenceOperations } from './presence/contract.ts'
import { profileRoutes, type ProfileFacts, type ProfileOperations } from './profiles/contract.ts'
import { reportRoutes, type ReportFacts, type ReportOperations } from './reports/contract.ts'
import { tipRoutes, type TipFacts, type TipOperations } from './tips/contract.ts'

/** All that a client can ask and be told: what the socket's types, both documents and the client derive from. */
export type Operations = AccountOperations & ProfileOperations & ReportOperations & LedgerOperations & PaymentOperations & MembershipOperations & TipOperations & OverlayOperations & MessagingOperations & PresenceOperations & AnnouncementOperations & PayoutOperations & AdminOperations & ClockOperations & MediaOperations

export type Facts = AccountFacts & ProfileFacts & ReportFacts & LedgerFacts & PaymentFacts & MembershipFacts & TipFacts & OverlayFacts & MessagingFacts & PresenceFacts & AnnouncementFacts & PayoutFacts & ClockFacts

export type OperationName = keyof Operations
export type FactName = keyof Facts

const routes = { ...accountRoutes, ...profileRoutes, ...reportRoutes, ...ledgerRoutes, ...paymentRoutes, ...membershipRoutes, ...tipRoutes, ...overlayRoutes, ...messagingRoutes, ...presenceRoutes, ...announcementRoutes, ...payoutRoutes, ...adminRoutes, ...clockRoutes, ...mediaRoutes } as const

/** How each operation is reached, spelled out. */
export const reaches = Object.fromEntries(Object.entries(routes).map(([name, at]) => [name, typeof at === 'string' ? { route: at } : at])) as Readonly<Record<OperationName, Reach>>
