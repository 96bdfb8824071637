<?php
$config = [
    'people' => [
        'exampleauth:UserPass',
        'ada:correct horse' => [
            'uid' => ['ada'],
            'email' => ['ada@acme.example'],
            'givenName' => ['Ada'],
            'sn' => ['Müller-Łukasiewicz'],
            'groups' => ['engines', 'countesses'],
        ],
    ],
];
