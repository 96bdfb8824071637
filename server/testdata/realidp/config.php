<?php
// SimpleSAMLphp as an identity provider for a test. What differs from run to run
// is in the environment.
$dir = getenv('REALIDP_DIR');
$config = [
    'baseurlpath' => getenv('REALIDP_URL') . '/',
    'certdir' => $dir,
    'loggingdir' => $dir,
    'datadir' => $dir,
    'tempdir' => $dir . '/tmp',
    'metadatadir' => $dir . '/metadata',
    'secretsalt' => 'of a test on loopback',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'admin.checkforupdates' => false,
    'logging.handler' => 'errorlog',
    'logging.level' => SimpleSAML\Logger::NOTICE,
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $dir . '/tmp',
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'language.cookie.secure' => false,
    'language.cookie.samesite' => null,
    'language.available' => ['en'],
    'language.default' => 'en',
    'showerrors' => true,
    'errorreporting' => false,
    'metadata.sources' => [['type' => 'flatfile']],
];
