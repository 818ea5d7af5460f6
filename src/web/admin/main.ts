import { AccountView } from '../kit/account.ts'
import { startPage } from '../kit/page.ts'
import { AuditView } from './audit.ts'
import { ClockView } from './clock.ts'
import { DeliveriesView, JobsView } from './deliveries.ts'
import { MailView } from './mail.ts'
import { OverviewView } from './overview.ts'
import { MembershipsView } from './memberships.ts'
import { PayoutsView } from './payouts.ts'
import { ReportsView } from './reports.ts'
import { SandboxView } from './sandbox.ts'
import { TransactionsView } from './transactions.ts'
import { UsersView } from './users.ts'
import { WebhooksView } from './webhooks.ts'

startPage({
  title: 'Admin',
  role: 'admin',
  sections: [
    { path: 'overview', name: 'Overview', view: OverviewView },
    { path: 'transactions', name: 'Transactions', view: TransactionsView },
    { path: 'memberships', name: 'Memberships', view: MembershipsView },
    { path: 'payouts', name: 'Payouts', view: PayoutsView },
    { path: 'users', name: 'Users', view: UsersView },
    { path: 'reports', name: 'Reports', view: ReportsView },
    { path: 'webhooks', name: 'Webhooks', view: WebhooksView },
    { path: 'deliveries', name: 'Deliveries', view: DeliveriesView },
    { path: 'jobs', name: 'Jobs', view: JobsView },
    { path: 'mail', name: 'Mail', view: MailView },
    { path: 'audit', name: 'Audit', view: AuditView },
    { path: 'clock', name: 'Clock', view: ClockView },
    { path: 'sandbox', name: 'Sandbox', view: SandboxView },
    { path: 'account', name: 'Account', view: AccountView },
  ],
})
