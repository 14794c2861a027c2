# X25519, until crypto/ has it behind a function of its own (box_key.cpp).
target_link_libraries(peerstore_membership PRIVATE PkgConfig::sodium)
