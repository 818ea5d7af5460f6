import { AccountView } from '../kit/account.ts'
import { ChatView } from '../kit/chat.ts'
import { OrderView } from '../kit/order.ts'
import { startPage } from '../kit/page.ts'
import { WalletView } from '../kit/wallet.ts'
import { AlertsView } from './alerts.ts'
import { AnnouncementsView } from './announcements.ts'
import { EarningsView } from './earnings.ts'
import { GoalsView } from './goals.ts'
import { LiveView } from './live.ts'
import { MembersView } from './members.ts'
import { OverlaysView } from './overlays.ts'
import { PayoutsView } from './payouts.ts'
import { SettingsView } from './settings.ts'
import { VariationsView } from './variations.ts'

startPage({
  title: 'Studio',
  role: 'creator',
  sections: [
    { path: 'live', name: 'Live', view: LiveView },
    { path: 'alerts', name: 'Alerts', view: AlertsView },
    { path: 'chat', name: 'Messages', view: ChatView },
    { path: 'announcements', name: 'Announcements', view: AnnouncementsView },
    { path: 'order', name: 'Order', view: OrderView },
    { path: 'overlays', name: 'Overlays', view: OverlaysView },
    { path: 'variations', view: VariationsView },
    { path: 'members', name: 'Members', view: MembersView },
    { path: 'goals', name: 'Goals', view: GoalsView },
    { path: 'wallet', name: 'Wallet', view: WalletView },
    { path: 'earnings', name: 'Earnings', view: EarningsView },
    { path: 'payouts', name: 'Payouts', view: PayoutsView },
    { path: 'settings', name: 'Your page', view: SettingsView },
    { path: 'account', name: 'Account', view: AccountView },
  ],
})
