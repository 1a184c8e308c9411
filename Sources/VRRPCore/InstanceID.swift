/// The names by which the daemon and the core speak of an instance.

/// Names one instance on this host: its index, stable for the life of the instance, also across reloads.
package struct InstanceID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }
}

/// One effect and the instance that asks for it.
package struct AddressedEffect: Hashable, Sendable {
    package var instance: InstanceID
    package var effect: Effect

    package init(_ instance: InstanceID, _ effect: Effect) {
        self.instance = instance
        self.effect = effect
    }
}
