package samlsso
