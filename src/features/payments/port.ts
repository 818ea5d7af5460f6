/**
 * What Ovation asks of a payment company. An adapter answers in these words and no others; what it can't tell for sure it calls
 * `unknown`, never `failed`, because a charge may have gone through behind a timeout.
 */
export interface PaymentProvider {
  readonly name: string
  /**
   * Opens a hosted checkout. `reference` is our payment id and doubles as the provider's idempotency key: the same reference with the
   * same amount always answers the same checkout, however often it is asked.
   * @throws ProviderUnavailable when the outcome is unknown: ask again with the same reference
   * @throws ProviderRefused when it never will
   */
  createCheckout(order: CheckoutOrder): Promise<Checkout>
  /**
   * Keeps a way to pay, so that it can be charged while the payer is away. `reference` is its idempotency key.
   * @param details in the company's own words, as the client gave them
   * @throws ProviderUnavailable, ProviderRefused
   */
  saveMethod(reference: string, details: MethodDetails): Promise<SavedMethod>
  /**
   * Charges a saved method while the payer is away. Like a checkout: the same reference is charged once, however often it is asked for. With
   * `checkout_url`, the payer has to confirm it there first.
   * @throws ProviderUnavailable when the outcome is unknown: ask again with the same reference, or `query`
   * @throws ProviderRefused when nothing was charged and never will be
   */
  charge(order: CheckoutOrder & { provider_method_id: string }): Promise<ProviderPayment & { checkout_url?: string }>
  /**
   * Gives back some or all of a payment. `reference` is our refund's id and doubles as the idempotency key.
   * @throws ProviderUnavailable when the outcome is unknown: `queryRefund`, or ask again with the same reference
   * @throws ProviderRefused when nothing was given back under it and nothing will be
   */
  refund(order: RefundOrder): Promise<ProviderRefund>
  /** Asks what became of a refund. @throws ProviderUnavailable */
  queryRefund(reference: string): Promise<ProviderRefund | { status: 'not_found' }>
  /**
   * Sends money to a creator's bank account. `reference` is our payout's id and doubles as the idempotency key: it is sent once, however often it
   * is asked for.
   * @throws ProviderUnavailable when the outcome is unknown: `queryTransfer`, or ask again with the same reference
   * @throws ProviderRefused when nothing was sent under it and nothing will be
   */
  transfer(order: TransferOrder): Promise<ProviderTransfer>
  /** Asks what became of a transfer. @throws ProviderUnavailable */
  queryTransfer(reference: string): Promise<ProviderTransfer | { status: 'not_found' }>
  /** Asks what became of a reference. This answer, not a webhook, is what moves money. @throws ProviderUnavailable */
  query(reference: string): Promise<ProviderPayment | { status: 'not_found' }>
  /**
   * Checks a webhook's signature and time over the raw bytes and reads the event. Constant time, several active secrets.
   * @throws AppError `signature` | `signature-time` | `bad-json` (all 400)
   */
  readWebhook(raw: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>): ProviderEvent
}

export interface CheckoutOrder {
  /** our payment id */
  reference: string
  /** minor units */
  amount: number
  currency: string
  /** shown to the payer on the hosted page */
  description: string
  /** where the payer is sent when the page is done with */
  return_url: string
}

/** The sandbox's: how the method is to behave. A real company's page hands over a token of its own instead. */
export interface MethodDetails {
  kind: 'card'
  behaviour: string
}

export interface SavedMethod {
  provider_method_id: string
  /** what its owner knows it by */
  label: string
}

export interface RefundOrder {
  /** our refund id */
  reference: string
  /** the company's id of the payment */
  provider_payment_id: string
  /** minor units */
  amount: number
  currency: string
}

export interface ProviderRefund {
  provider_refund_id: string
  reference: string
  status: 'processing' | 'succeeded' | 'failed'
  amount: number
  currency: string
  failure_reason?: string
}

export interface TransferOrder {
  /** our payout id */
  reference: string
  /** minor units */
  amount: number
  currency: string
  bank_account: string
  account_name: string
}

export interface ProviderTransfer {
  provider_transfer_id: string
  reference: string
  /** `returned`: the bank sent back what it had taken */
  status: 'processing' | 'succeeded' | 'failed' | 'returned'
  amount: number
  currency: string
  failure_reason?: string
}

export interface Checkout {
  provider_payment_id: string
  checkout_url: string
}

export interface ProviderPayment {
  provider_payment_id: string
  reference: string
  status: ProviderStatus
  /** minor units that were really charged (or asked for, while nothing is charged yet) */
  amount: number
  currency: string
  failure_reason?: string
}

/** `pending`: the payer has not finished; `failed` and `cancelled` may still turn into a late `succeeded`. */
export type ProviderStatus = 'pending' | 'processing' | 'succeeded' | 'failed' | 'cancelled'

export interface ProviderEvent {
  /** the provider's id of this event: the key of the inbox */
  event_id: string
  /** our payment id as the provider repeats it; a hint only */
  reference: string
  /** the provider's word for what happened; an unknown word is kept and ignored */
  status: string
  /** when the provider says that it happened, ISO 8601 */
  occurred_at: string
}

/** The provider did not answer, or not understandably: nobody knows what it did. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable'
}

/** The provider said no, and means it: nothing was charged under this reference and nothing will be. */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused'
  /** the provider's word for the reason */
  readonly reason: string

  constructor(reason: string) {
    super(`The provider refused: ${reason}`)
    this.reason = reason
  }
}
