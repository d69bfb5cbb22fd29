"""The playground: small networks, derived beforehand, to train on points of a plane."""
