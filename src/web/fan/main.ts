import { AccountView } from '../kit/account.ts'
import { ChatView } from '../kit/chat.ts'
import { OrderView } from '../kit/order.ts'
import { startPage } from '../kit/page.ts'
import { WalletView } from '../kit/wallet.ts'
import { CreatorView } from './creator.ts'
import { CreatorsView } from './creators.ts'
import { MembershipsView } from './memberships.ts'
import { PaymentView } from './payment.ts'
import { PeopleView } from './people.ts'
import { TipsView } from './tips.ts'

startPage({
  title: 'Creators',
  sections: [
    { path: 'creators', name: 'Creators', view: CreatorsView },
    { path: 'creator', view: CreatorView },
    { path: 'memberships', name: 'Memberships', view: MembershipsView },
    { path: 'tips', name: 'Your tips', view: TipsView },
    { path: 'chat', name: 'Messages', view: ChatView },
    { path: 'order', view: OrderView },
    { path: 'wallet', name: 'Wallet', view: WalletView },
    { path: 'payment', view: PaymentView },
    { path: 'people', name: 'People', view: PeopleView },
    { path: 'account', name: 'Account', view: AccountView },
  ],
})
